import assert from 'node:assert/strict'
import type { Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { pEvent } from 'p-event'
import { writer } from 'protons-runtime'
import { concat } from 'uint8arrays/concat'
import { SESSION_PROTOCOL } from '../../src/constants.ts'
import { Envelope } from '../../src/protocols/pb/envelope.ts'
import { encodeFrame, KIND } from '../../src/protocols/session/frame.ts'
import type { Nexus } from '../../src/types.ts'
import { CommandProcess } from '../support/command-process.ts'
import { LOOPBACK_TCP, TestMesh } from '../support/mesh.ts'
import { certifiedNode } from '../support/raw-node.ts'
import { RawPeer } from '../support/session-pair.ts'
import { until } from '../support/until.ts'
import type { ServerCommands } from './support/server-process.ts'

const MIB = 2 ** 20
const KEYS = 5
const CALLS = 600
/** With commands over the limit; more end the session. */
const LONG = 10
const TEXT = 't'.repeat(51_000)
const CALL = { kind: KIND.REQUEST, body: Uint8Array.of(0x31), size: 2, timeoutMs: 600_000 }
/** Number 15, as bytes with their length before them. */
const UNKNOWN_FIELD = (15 << 3) | 2
const SERVER = new URL('./support/server-process.ts', import.meta.url).pathname

describe('five keys with calls that they do not finish', function () {
  this.timeout(120_000)
  let mesh: TestMesh
  let relay: CommandProcess<ServerCommands>
  let addresses: string[]
  let client: Nexus

  before(async () => {
    mesh = await TestMesh.create()
    relay = new CommandProcess(SERVER, ['--max-old-space-size=96'])
    const operator = { app: 'relay', uid: 'operator', block: 'relay', resource: 'relay' } as const
    const credential = await mesh.network.credentialFor(operator)
    addresses = (await relay.run('startRelay', { credential, listen: [LOOPBACK_TCP] })).slice(0, 1)
    const worker = await mesh.block({}, { bootstrap: addresses, listen: [] })
    worker.handle('echo', ({ body }) => body)
    client = await mesh.block({ resource: 'caller' }, { bootstrap: addresses, listen: [] })
    await until(() => client.api({ app: 'etest', cmd: 'echo', peer: worker.identity.peerId }).then(() => true))
  })

  after(async () => {
    await mesh.stop()
    await relay.kill()
  })

  it('takes less than 128 MiB of a relay, and the calls of others are answered', async () => {
    const keys = await Promise.all(Array.from({ length: KEYS }, rogue))
    const before = await relay.run('memory')
    let attacking = true
    let honest = 0
    const answers = (async () => {
      while (attacking) {
        assert.equal(await client.api({ app: 'etest', cmd: 'echo', body: honest }), honest)
        honest++
      }
    })()
    await Promise.race([Promise.all(keys.map(attack)), answers])
    const after = await relay.run('memory')
    attacking = false
    await answers
    assert.ok(honest > 2, `${honest} answers`)
    assert.ok(after - before < 128 * MIB, `the relay has grown by ${(after - before) / MIB} MiB`)
  })

  async function rogue(): Promise<RawPeer> {
    const node = await certifiedNode(mesh.network, { uid: 'mallory', role: 'user', block: 'device', resource: 'rogue' })
    mesh.keep({ stop: async () => node.stop() })
    const connection = await node.dial(addresses.map((address) => multiaddr(address)))
    return new RawPeer(await connection.newStream(SESSION_PROTOCOL))
  }
})

/** Resolves when the other side has read all of it. */
async function attack(peer: RawPeer): Promise<void> {
  for (let index = 0; index < CALLS; index++) {
    const call = { ...CALL, id: 2 * index + 1 }
    // The rest of a frame is what a small body keeps alive, if it is kept as it came.
    await write(peer.stream, index < LONG ? encodeFrame({ ...call, cmd: TEXT }) : padded({ ...call, cmd: 'c' }))
  }
  await write(peer.stream, encodeFrame({ kind: KIND.PING, id: 0 }))
  await until(() => peer.of(KIND.ACK).length > 0, 'all of it is read', 60_000)
}

/** A frame with a field that nobody knows. */
function padded(fields: Partial<Envelope>): Uint8Array {
  const padding = writer().uint32(UNKNOWN_FIELD).string(TEXT).finish()
  return writer()
    .bytes(concat([Envelope.encode(fields), padding]))
    .finish()
}

async function write(stream: Stream, bytes: Uint8Array): Promise<void> {
  if (!stream.send(bytes)) {
    await pEvent(stream, 'drain', { rejectionEvents: ['close'] })
  }
}
