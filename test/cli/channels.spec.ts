import assert from 'node:assert/strict'
import { join } from 'node:path'
import { writeCredentialFile } from '../../src/node/runtime/credential-file.ts'
import { BOB_UID } from '../support/identities.ts'
import { TestMesh } from '../support/mesh.ts'
import { jsonLines, NexusProgram, nexus } from '../support/nexus-program.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'

describe('nexus pub, sub', function () {
  this.timeout(60_000)
  let mesh: TestMesh
  let reader: Record<string, string>
  let writer: Record<string, string>

  const subscribe = async (...args: string[]): Promise<NexusProgram> => {
    const program = new NexusProgram(['sub', ...args], { env: reader })
    await program.printed('stderr', /^subscribed to /m)
    return program
  }
  const publish = (...args: string[]) => nexus(['pub', ...args], { env: writer })

  before(async () => {
    mesh = await TestMesh.create()
    const directory = await temporaryDirectory()
    const [NEXUS_BOOTSTRAP = ''] = (await mesh.relay()).addresses
    const envOf = async (resource: string): Promise<Record<string, string>> => {
      const NEXUS_CREDENTIAL = join(directory, `${resource}.json`)
      const block = { app: 'shop', uid: BOB_UID, role: 'user', block: 'device', resource } as const
      await writeCredentialFile(NEXUS_CREDENTIAL, await mesh.network.credentialFor(block))
      return { NEXUS_CREDENTIAL, NEXUS_BOOTSTRAP }
    }
    reader = await envOf('reader')
    writer = await envOf('writer')
  })

  after(async () => {
    await mesh?.stop()
    await removeTemporaryDirectories()
  })

  it('prints each message with its verified sender, and ends after --count', async () => {
    const program = await subscribe('news', '--count', '2')
    const { code, stdout } = await publish('news', '{"hi":true}', '"again"', '3', '--json')
    assert.equal(code, 0)
    assert.deepEqual(jsonLines(stdout), Array(3).fill({ channel: 'news', peers: 1 }))
    const ended = await program.ended
    assert.equal(ended.code, 0, ended.stderr)
    const from = `shop-${BOB_UID}-user@${mesh.network.network}/writer`
    const messages = jsonLines(ended.stdout).map(({ peerId, ...rest }) => ({ ...rest, hasPeer: /^12D3/.test(peerId) }))
    const common = { channel: 'news', from, itsMe: false, itsBro: true, hasPeer: true }
    assert.deepEqual(messages, [
      { ...common, body: { hi: true }, seq: 0 },
      { ...common, body: 'again', seq: 1 }
    ])
  })

  it('begins with what is kept, by number or time', async () => {
    // Somebody who takes part, so that the relay does.
    const program = await subscribe('kept')
    await publish('kept', '1', '2', '3')

    for (const [args, bodies] of [
      [
        ['--last', '2', '--count', '2'],
        [2, 3]
      ],
      [
        ['--since', '1m', '--count', '3'],
        [1, 2, 3]
      ]
    ] as const) {
      const { code, stdout } = await nexus(['sub', 'kept', ...args], { env: writer })
      assert.equal(code, 0)
      assert.deepEqual(
        jsonLines(stdout).map(({ body, replayed }) => [body, replayed]),
        bodies.map((body) => [body, true])
      )
    }
    program.kill('SIGINT')
    await program.ended
  })

  it('ends in order with 0 on SIGINT', async () => {
    const program = await subscribe('news')
    await publish('news', '1')
    await program.printed('stdout', /"body":1/)
    program.kill('SIGINT')
    const { code, stdout } = await program.ended
    assert.equal(code, 0)
    assert.equal(jsonLines(stdout).length, 1)
  })

  it('ends with 6 when the messages counted on do not come, with 0 when none were', async () => {
    const [counted, open] = await Promise.all([
      nexus(['sub', 'quiet', '--count', '1', '--timeout', '3000'], { env: reader }),
      nexus(['sub', 'quiet', '--timeout', '3000'], { env: writer })
    ])
    assert.equal(counted.code, 6)
    assert.match(counted.stderr, /^nexus: TIMEOUT: /m)
    assert.equal(open.code, 0, open.stderr)
  })

  it('publishes each line of stdin, with a secret for those who know it', async () => {
    const program = await subscribe('news', '--secret', 'sesame', '--count', '2')
    await publish('news', '"not for them"')
    const published = await nexus(['pub', 'news', '-', '--secret', 'sesame'], {
      env: writer,
      input: '1\n\n{"two":2}\n'
    })
    assert.equal(published.code, 0, published.stderr)
    assert.equal(published.stdout, 'published to 1 peer\n'.repeat(2))
    assert.deepEqual(
      jsonLines((await program.ended).stdout).map(({ body }) => body),
      [1, { two: 2 }]
    )
  })

  it('refuses a bad channel and a bad message with 2', async () => {
    const [channel, message, line] = await Promise.all([
      publish('x'.repeat(256), '1'),
      publish('news', 'hello'),
      nexus(['pub', 'news', '-'], { env: writer, input: '1\nhello\n' })
    ])
    assert.deepEqual([channel.code, message.code, line.code], [2, 2, 2])
    assert.match(message.stderr, /^nexus: INVALID: the message is not JSON: hello /)
    assert.match(line.stderr, /^nexus: INVALID: the line is not JSON: hello /)
  })
})
