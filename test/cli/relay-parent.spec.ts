import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeCredentialFile } from '../../src/node/runtime/credential-file.ts'
import { LOOPBACK_TCP, TestMesh } from '../support/mesh.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'
import { staysSo, until } from '../support/until.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** Longer than a relay takes to notice that its parent is gone. */
const NOTICED_MS = 2_500

/** A relay, and what has started it. */
class StartedRelay {
  readonly parent: ChildProcess
  log = ''
  ended = false

  /** `command` ends where the arguments of `nexus` begin. The environment is that of a shell: npm did not run it. */
  constructor(command: string[], credential: string) {
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')))
    const relay = ['relay', '--credential', credential, '--listen', LOOPBACK_TCP]
    const [program, ...args] = [...command, ...relay] as [string, ...string[]]
    // A process group of its own, by which the relay can be ended also when nothing else ends it.
    this.parent = spawn(program, args, { cwd: ROOT, env, detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
    this.parent.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.log += text
    })
    // The relay is the last one that holds the pipe.
    this.parent.on('close', () => {
      this.ended = true
    })
  }

  logged(event: string, timeoutMs?: number): Promise<void> {
    return until(
      () => this.log.includes(` ${event}`),
      () => `the relay has ${event}: ${this.log}`,
      timeoutMs
    )
  }

  async end(): Promise<void> {
    if (!this.ended) {
      process.kill(-this.parent.pid!, 'SIGKILL')
      await until(() => this.ended, 'nothing is left')
    }
  }
}

describe('a relay', function () {
  this.timeout(90_000)
  let credential: string
  const relays: StartedRelay[] = []

  const start = async (...command: string[]): Promise<StartedRelay> => {
    const relay = new StartedRelay(command, credential)
    relays.push(relay)
    await relay.logged('started', 60_000)
    return relay
  }

  before(async () => {
    const mesh = await TestMesh.create()
    credential = join(await temporaryDirectory(), 'relay.json')
    const block = { app: 'mesh', uid: 'operator', role: 'owner', block: 'relay', resource: 'relay' } as const
    await writeCredentialFile(credential, await mesh.network.credentialFor(block))
  })

  afterEach(() => Promise.all(relays.splice(0).map((relay) => relay.end())))

  after(removeTemporaryDirectories)

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    it(`that npx started ends in order when npx ends by ${signal}`, async () => {
      const relay = await start('npx', '--no-install', 'nexus')
      relay.parent.kill(signal)
      await relay.logged('stopped')
      await until(() => relay.ended, 'it has ended')
    })
  }

  it('that npx started goes on when the shell ends that started npx', async () => {
    const relay = await start('sh', '-c', 'npx --no-install nexus "$@" & wait', 'sh')
    process.kill(relay.parent.pid!, 'SIGKILL')
    await once(relay.parent, 'exit')
    await staysSo(async () => assert.ok(!relay.ended && !relay.log.includes('stopping'), relay.log), NOTICED_MS)
  })

  it('that a shell started goes on when the shell ends', async () => {
    const relay = await start('sh', '-c', 'node_modules/.bin/node bin/nexus.js "$@" & wait', 'sh')
    process.kill(relay.parent.pid!, 'SIGKILL')
    await once(relay.parent, 'exit')
    await staysSo(async () => assert.ok(!relay.ended && !relay.log.includes('stopping'), relay.log), NOTICED_MS)
  })
})
