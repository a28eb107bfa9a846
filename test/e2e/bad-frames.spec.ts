import assert from 'node:assert/strict'
import type { Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { SESSION_PROTOCOL } from '../../src/constants.ts'
import type { Nexus } from '../../src/types.ts'
import { startMember, stopMembers } from '../support/members.ts'
import { TestMesh } from '../support/mesh.ts'
import { until } from '../support/until.ts'

describe('a member that sends malformed frames', function () {
  this.timeout(30_000)

  let mesh: TestMesh
  let worker: Nexus
  let other: Nexus
  /** The calls of `wait` that are under way; each is answered when it is taken from here. */
  const waiting: Array<(answer: number) => void> = []

  before(async () => {
    mesh = await TestMesh.create()
    worker = await mesh.block()
    worker.handle('wait', () => new Promise<number>((resolve) => waiting.push(resolve)))
    other = await mesh.block({ uid: 'ben' }, { bootstrap: worker.addresses })
  })

  after(async () => {
    await stopMembers()
    await mesh.stop()
  })

  const frames: Record<string, Uint8Array> = {
    'of a length over the limit': Uint8Array.of(0xff, 0xff, 0xff, 0x7f),
    'that are no protobuf': Uint8Array.of(4, 0xff, 0xff, 0xff, 0xff),
    'with a length that never ends': new Uint8Array(16).fill(0x80)
  }

  for (const [what, bytes] of Object.entries(frames)) {
    it(`loses that stream alone: frames ${what}`, async () => {
      const member = await startMember(mesh.network, { block: { uid: 'mallory' } })
      const { libp2p } = member.parts.node
      const meanwhile = other.api({ app: 'etest', cmd: 'wait', peer: worker.identity.peerId })
      await until(() => waiting.length === 1, 'another member has a call under way')
      const connection = await libp2p.dial(worker.addresses.map((address) => multiaddr(address)))
      const stream: Stream = await connection.newStream(SESSION_PROTOCOL)
      stream.send(bytes)
      await until(() => stream.status !== 'open', 'the stream is reset')
      assert.equal(connection.status, 'open', 'the connection stands')

      const session = await member.parts.sessions.open(worker.identity.peerId)
      const answer = session.session.request({ cmd: 'ping', type: 0, body: Uint8Array.of(0x31), timeoutMs: 5_000 })
      assert.equal(new TextDecoder().decode((await answer).body), '"pong"', 'its next session works')
      waiting.pop()?.(1)
      assert.equal(await meanwhile, 1, 'others notice nothing')
    })
  }
})
