import assert from 'node:assert/strict'
import { join } from 'node:path'
import { writeCredentialFile } from '../../src/node/runtime/credential-file.ts'
import type { Nexus } from '../../src/types.ts'
import { TestMesh } from '../support/mesh.ts'
import { SidecarProgram } from '../support/sidecar-program.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'
import { waitFor } from '../support/wait-for.ts'

describe('a sidecar whose program ends', function () {
  this.timeout(60_000)
  let mesh: TestMesh
  let addresses: string[]
  let caller: Nexus
  const programs: SidecarProgram[] = []

  before(async () => {
    mesh = await TestMesh.create()
    addresses = (await mesh.relay()).addresses
    caller = await mesh.block({ app: 'shop', uid: 'carl', grants: ['linked'] }, { bootstrap: addresses })
  })

  afterEach(async () => {
    for (const program of programs.splice(0)) {
      program.child.kill('SIGKILL')
      await program.exited
    }
  })

  after(async () => {
    await mesh.stop()
    await removeTemporaryDirectories()
  })

  /** A worker whose handler of `hang` never ends. */
  async function worker(resource: string): Promise<SidecarProgram> {
    const credential = join(await temporaryDirectory(), 'credential.json')
    const block = { app: 'linked', uid: 'anna', role: 'owner', resource } as const
    await writeCredentialFile(credential, await mesh.network.credentialFor(block))
    const program = new SidecarProgram()
    programs.push(program)
    await program.join({ credential, bootstrap: addresses, listen: ['/ip4/127.0.0.1/tcp/0'] })
    await program.ask('handle', { cmd: 'hang' })
    await waitFor('it to be listed', async () => (await caller.find({ app: 'linked', resource })).length === 1)
    return program
  }

  const hang = (resource: string) => caller.api({ app: 'linked', resource, cmd: 'hang', body: {}, timeoutMs: 20_000 })

  it('ends the calls at its handlers as LOST, at once', async () => {
    const program = await worker('dying')
    const calls = [hang('dying'), hang('dying')]
    await waitFor('the calls to be there', () => program.calls.length === 2)
    program.child.stdin?.end()
    const ended = Date.now()

    for (const call of calls) {
      await assert.rejects(call, { code: 'LOST', message: /program/ })
    }

    assert.ok(Date.now() - ended < 3_000)
    assert.equal(await program.exited, 0)
  })

  it('has an idempotent call go to another worker', async () => {
    const program = await worker('first')
    const call = caller.api<string>({ app: 'linked', cmd: 'hang', body: {}, idempotent: true, timeoutMs: 20_000 })
    await waitFor('the call to be there', () => program.calls.length === 1)
    const other = await mesh.block({ app: 'linked' }, { bootstrap: addresses })
    other.handle('hang', () => 'done elsewhere')
    await waitFor('both to be listed', async () => (await caller.find({ app: 'linked' })).length === 2)
    program.child.stdin?.end()
    assert.equal(await call, 'done elsewhere')
  })

  it('goes on when a signal for the whole group reaches it, until the program says stop', async () => {
    const program = await worker('grouped')

    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      program.child.kill(signal)
      assert.equal((await program.ask('find', { app: 'linked', resource: 'grouped' })).workers.length, 1)
    }

    assert.equal(await program.ask('stop', null), null)
    assert.equal(await program.exited, 0)
  })
})
