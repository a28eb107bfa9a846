import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeCredentialFile } from '../../src/node/runtime/credential-file.ts'
import { TestMesh } from '../support/mesh.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** What runs a program as process 1, as a container does; nothing where the system has no such namespaces for us. */
function asProcessOne(): string[] {
  const forms = [
    ['unshare', '--pid', '--fork'],
    ['unshare', '--user', '--map-root-user', '--pid', '--fork']
  ]
  return forms.find(([program, ...args]) => spawnSync(program!, [...args, 'true']).status === 0) ?? []
}

/** The worker that README.md shows, on this source and in this mesh. */
async function readmeWorker(credential: string, address: string): Promise<string> {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8')
  const [, code = ''] = /```ts\n(\/\/ worker\.ts\n.*?)```/s.exec(readme) ?? []
  const path = join(await temporaryDirectory(), 'worker.ts')
  const written = code
    .replace("'nexus-mesh'", JSON.stringify(join(ROOT, 'src/index.ts')))
    .replace("'anna.json'", JSON.stringify(credential))
    .replace('/ip4/127.0.0.1/tcp/9700', address)
  await writeFile(path, written)
  return path
}

describe("README's worker", function () {
  this.timeout(60_000)
  let mesh: TestMesh
  let child: ChildProcess | undefined

  before(async () => {
    mesh = await TestMesh.create()
  })

  after(async () => {
    if (child?.exitCode === null && child.signalCode === null) {
      process.kill(-child.pid!, 'SIGKILL')
    }
    await mesh.stop()
    await removeTemporaryDirectories()
  })

  it('ends in order on SIGTERM, as process 1 too', async () => {
    const relay = await mesh.relay()
    const caller = await mesh.block({ block: 'device' }, { bootstrap: relay.addresses })
    const credential = join(await temporaryDirectory(), 'anna.json')
    await writeCredentialFile(credential, await mesh.network.credentialFor({ uid: 'anna', block: 'worker' }))
    const worker = await readmeWorker(credential, relay.addresses[0] ?? '')
    const [program = process.execPath, ...args] = [...asProcessOne(), process.execPath, worker]
    const started = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'], detached: true })
    child = started
    const call = () => caller.api<{ result: number }>({ app: 'etest', cmd: 'multiply', body: { a: 6, b: 7 } })
    await until(async () => (await call().catch(() => undefined))?.result === 42, 'it answers', 30_000)

    process.kill(program === 'unshare' ? onlyChildOf(started.pid!) : started.pid!, 'SIGTERM')
    await until(() => started.exitCode !== null || started.signalCode !== null, 'it ends')
    assert.deepEqual([started.exitCode, started.signalCode], [0, null])
    assert.deepEqual(await caller.find({ app: 'etest' }), [], 'it said that it goes')
  })
})

function onlyChildOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'))
}
