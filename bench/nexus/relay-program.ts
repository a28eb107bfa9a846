import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Credential, writeCredentialFile } from '../../src/index.ts'

/** Of the built program of the bench, too: that lies as deep. */
const NEXUS = join(import.meta.dirname, '../../bin/nexus.js')

/** Runs `nexus relay`, as it is published, for as long as this process. Gives its addresses. */
export async function startRelayProgram(credential: Credential): Promise<string[]> {
  const path = join(await mkdtemp(join(tmpdir(), 'nexus-bench-')), 'relay.json')
  await writeCredentialFile(path, credential)
  const flags = ['--json', '--credential', path, '--listen', '/ip4/127.0.0.1/tcp/0']
  const relay = spawn(process.execPath, [NEXUS, 'relay', ...flags], { stdio: ['ignore', 'pipe', 'ignore'] })
  const [line] = (await once(createInterface(relay.stdout), 'line')) as [string]
  return JSON.parse(line).addresses
}
