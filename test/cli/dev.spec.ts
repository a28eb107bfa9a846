import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { NexusProgram, nexus } from '../support/nexus-program.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'

const SOURCE = new URL('../../src/index.ts', import.meta.url).href
const LISTEN = ['--listen', '/ip4/127.0.0.1/tcp/0']
const WORKER = `import { createNexus } from '${SOURCE}'
await createNexus({ handlers: { double: ({ body, from }) => ({ twice: 2 * body, for: from.jid }) } })
console.log('ready')`

describe('nexus dev', function () {
  this.timeout(60_000)
  let cwd: string
  const ends: Array<() => unknown> = []

  const start = async (...args: string[]): Promise<{ program: NexusProgram; ready: any }> => {
    const program = new NexusProgram(['dev', '--json', '--port', '0', ...LISTEN, ...args], { cwd })
    ends.push(() => program.kill('SIGKILL'))
    const [line] = await program.printed('stdout', /^.*\n/)
    return { program, ready: JSON.parse(line) }
  }
  const variablesOf = async (file: string): Promise<any> => parseEnv(await readFile(join(cwd, file), 'utf8'))

  beforeEach(async () => {
    cwd = await temporaryDirectory()
  })

  afterEach(() => {
    for (const end of ends.splice(0)) {
      end()
    }
  })

  after(removeTemporaryDirectories)

  it('is all that a worker and a caller need, with no file made by hand', async () => {
    const { program, ready } = await start('--app', 'etest,shop')
    const [etest, shop] = ready.apps
    assert.deepEqual(etest, { app: 'etest', worker: '.nexus/dev/etest.env', caller: '.nexus/dev/etest.caller.env' })
    await writeFile(join(cwd, 'worker.mjs'), WORKER)
    const worker = spawn(process.execPath, [`--env-file=${etest.worker}`, 'worker.mjs'], { cwd })
    ends.push(() => worker.kill('SIGKILL'))
    worker.stderr.pipe(process.stderr)
    await once(worker.stdout, 'data')

    // A block of the other app has the service too.
    const { code, stdout, stderr } = await nexus(['api', '--app', 'etest', 'double', '21', '--json'], {
      cwd,
      env: await variablesOf(shop.caller)
    })
    assert.equal(code, 0, stderr)
    assert.deepEqual(JSON.parse(stdout).reply, { twice: 42, for: 'shop-dev-owner@dev.example/default' })
    for (const file of ['admin.env', 'etest.env', 'etest.caller.env', 'relay.json', 'authority.json']) {
      assert.equal((await stat(join(cwd, '.nexus/dev', file))).mode & 0o777, 0o600, file)
    }

    program.kill('SIGINT')
    assert.equal((await program.ended).code, 0)
  })

  it('goes on with what it has kept, and administers with its own token', async () => {
    const first = await start()
    const before = await variablesOf('.nexus/dev/dev.env')
    first.program.kill('SIGTERM')
    assert.equal((await first.program.ended).code, 0)

    const { ready } = await start()
    const after = await variablesOf('.nexus/dev/dev.env')
    assert.deepEqual(after, { ...before, NEXUS_AUTHORITY: ready.origin })
    const peerOf = (address: string): string => address.split('/p2p/')[1]!
    assert.equal(peerOf(ready.bootstrap[0]), peerOf(first.ready.bootstrap[0]))
    const { stdout } = await nexus(['authority', 'admin', 'secrets', '--json'], {
      cwd,
      env: await variablesOf(ready.admin)
    })
    assert.equal(JSON.parse(stdout).secrets.length, 2)
  })

  it('leaves nothing running behind a port that is taken', async () => {
    const { ready } = await start()
    const taken = new URL(ready.origin).port
    const { code, stderr } = await nexus(['dev', '--dir', 'other', '--port', taken, ...LISTEN], { cwd })
    assert.equal(code, 2)
    assert.match(stderr, /^nexus: INVALID: 127\.0\.0\.1:\d+ cannot be listened on: .*EADDRINUSE.*\n$/)
  })
})
