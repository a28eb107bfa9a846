import assert from 'node:assert/strict'
import { join } from 'node:path'
import { writeCredentialFile } from '../../src/node/runtime/credential-file.ts'
import type { Json } from '../../src/types.ts'
import { TestMesh } from '../support/mesh.ts'
import { SidecarProgram } from '../support/sidecar-program.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'
import { waitFor } from '../support/wait-for.ts'

const MAX_EVENTS = 4_096

describe('the sidecar', function () {
  this.timeout(60_000)
  let mesh: TestMesh
  let addresses: string[]
  const programs: SidecarProgram[] = []

  before(async () => {
    mesh = await TestMesh.create()
    addresses = (await mesh.relay()).addresses
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

  function start(): SidecarProgram {
    const program = new SidecarProgram()
    programs.push(program)
    return program
  }

  async function options(resource: string): Promise<{ credential: string; bootstrap: string[] }> {
    const credential = join(await temporaryDirectory(), 'credential.json')
    const block = { app: 'linked', uid: 'anna', role: 'owner', resource } as const
    await writeCredentialFile(credential, await mesh.network.credentialFor(block))
    return { credential, bootstrap: addresses }
  }

  it('refuses a program of another version, and names both', async () => {
    const program = start()
    await assert.rejects(program.ask('hello', { version: 99, options: {} }), {
      code: 'INVALID',
      message: /99.*version 1/
    })
    assert.equal(await program.exited, 3)
  })

  it('takes nothing before hello', async () => {
    const program = start()

    for (const cmd of ['find', 'stop']) {
      await assert.rejects(program.ask(cmd, { app: 'linked' }), { code: 'INVALID' })
    }

    // And goes on.
    await program.ask('hello', { version: 1, options: await options('patient') })
  })

  it('is greeted once, whatever comes while the block starts', async () => {
    const program = start()
    const hello = program.ask('hello', { version: 1, options: await options('once') })
    await assert.rejects(program.ask('hello', { version: 1, options: {} }), { code: 'INVALID', message: /once/ })
    assert.equal((await hello).identity.resource, 'once')
  })

  it('exits with 3 after a greeting that cannot be read', async () => {
    const program = start()
    await assert.rejects(program.ask('hello', { version: 'one' }), { code: 'INVALID' })
    assert.equal(await program.exited, 3)
  })

  it('says why a block does not start', async () => {
    const program = start()
    const hello = program.ask('hello', { version: 1, options: { credential: '/nowhere/credential.json' } })
    await assert.rejects(hello, { code: 'INVALID', message: /nowhere/ })
    assert.equal(await program.exited, 1)
  })

  it("refuses a resource that is not the certificate's", async () => {
    const program = start()
    const hello = program.ask('hello', { version: 1, options: { ...(await options('one')), resource: 'other' } })
    await assert.rejects(hello, { code: 'INVALID', message: /'one'.*'other'/ })
    assert.equal(await program.exited, 1)
  })

  it('ends after bytes that are no frame, with a line that says so', async () => {
    const program = start()
    program.child.stdin?.write(new Uint8Array(64).fill(0xff))
    assert.equal(await program.exited, 2)
    assert.match(program.stderr, /no frame/)
  })

  it('ends with its input', async () => {
    const program = start()
    await program.ask('hello', { version: 1, options: await options('ending') })
    program.child.stdin?.end()
    assert.equal(await program.exited, 0)
  })

  it('refuses bad requests alone, and prints nothing but frames', async () => {
    const program = start()
    const { identity } = await program.join(await options('serving'))
    assert.equal(identity.resource, 'serving')
    await assert.rejects(program.ask('find', { app: 7 }), { code: 'INVALID', message: /find: app/ })
    await assert.rejects(program.ask('dance', null), { code: 'NO_HANDLER' })
    await assert.rejects(program.ask('hello', { version: 1, options: {} }), { code: 'INVALID', message: /once/ })
    await program.ask('handle', { cmd: 'echo' })

    const caller = await mesh.block({ app: 'linked', uid: 'anna' }, { bootstrap: addresses })
    await waitFor(
      'it to be listed',
      async () => (await caller.find({ app: 'linked', resource: 'serving' })).length === 1
    )
    const reply = await caller.api({ app: 'linked', resource: 'serving', cmd: 'echo', body: { a: [1, 'ü'] } })
    assert.deepEqual(reply, { cmd: 'echo', got: { a: [1, 'ü'] } })
    await program.ask('unhandle', { cmd: 'echo' })
    await assert.rejects(caller.api({ app: 'linked', resource: 'serving', cmd: 'echo', body: {} }), {
      code: 'NO_HANDLER'
    })

    assert.equal(await program.ask('stop', null), null)
    assert.equal(await program.exited, 0)
    assert.deepEqual(program.broken, [])
  })

  it('has a subscription for each secret of a channel, and tells which one a message came by', async () => {
    const program = start()
    await program.join(await options('secrets'))
    const one = { channel: 'talk', secret: 'one' }
    const two = { channel: 'talk', secret: 'two' }
    const none = { channel: 'talk' }
    // The same twice at a time is one all the same.
    await Promise.all([one, two, none, one, two, none].map((its: Json) => program.ask('subscribe', its)))
    const publisher = await mesh.block({ app: 'linked', uid: 'ben' }, { bootstrap: addresses })
    const heard = () => program.of('channel').map(({ channel, secret, body }) => [channel, secret, body])
    await publisher.publish('talk', 1, { secret: 'one' })
    await publisher.publish('talk', 2, { secret: 'two' })
    await publisher.publish('talk', 3)
    await waitFor('the messages', () => program.of('channel').length >= 3)
    const sorted = heard().sort((a, b) => a[2] - b[2])
    assert.deepEqual(sorted, [
      ['talk', 'one', 1],
      ['talk', 'two', 2],
      ['talk', undefined, 3]
    ])

    await program.ask('unsubscribe', one)
    await publisher.publish('talk', 4, { secret: 'one' })
    await publisher.publish('talk', 5, { secret: 'two' })
    await publisher.publish('talk', 6)
    await waitFor('the messages of the others', () => program.of('channel').length >= 5)
    // What it has taken in before is told before its answer.
    await program.ask('find', { app: 'linked' })
    assert.deepEqual(
      heard()
        .map(([, , body]) => body)
        .sort(),
      [1, 2, 3, 5, 6]
    )
  })

  it('drops what a program does not take, and counts it', async () => {
    const program = start()
    await program.join(await options('slow'))
    await program.ask('subscribe', { channel: 'flood' })
    const publisher = await mesh.block({ app: 'linked', uid: 'ben' }, { bootstrap: addresses })
    await publisher.publish('flood', { n: -1 })
    await waitFor('the first to arrive', () => program.of('channel').length > 0)

    const total = MAX_EVENTS + 500
    program.holding = true
    await Promise.all(Array.from({ length: total }, (_, n) => publisher.publish('flood', { n })))
    await waitFor('the queue to be full', () => program.of('channel').length === MAX_EVENTS + 1, 30_000)
    // Its answer comes after all that it has taken in before.
    await program.ask('find', { app: 'linked' })
    program.release()
    const dropped = (): number => program.of('dropped').reduce((sum, { count }) => sum + count, 0)
    await waitFor('all to be accounted for', () => program.of('channel').length - 1 + dropped() === total, 30_000)
    assert.ok(dropped() > 0)
    assert.equal(program.of('dropped')[0].channel, 'flood')
    // In what order they came depends on the paths that they took; none came twice.
    const numbers = program.of('channel').map(({ body }) => body.n)
    assert.equal(new Set(numbers).size, numbers.length)
  })
})
