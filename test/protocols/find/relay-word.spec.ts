import assert from 'node:assert/strict'
import { signLease } from '../../../src/identity/lease.ts'
import { RelayWord } from '../../../src/protocols/find/relay-word.ts'
import type { Json } from '../../../src/types.ts'
import { type TestNetwork, testNetwork } from '../../support/identities.ts'
import { startMember, stopMembers, type TestMember } from '../../support/members.ts'

const RELAY = { block: 'relay', app: 'relay', uid: 'operator' } as const

describe("a relay's word that a worker has left", () => {
  let network: TestNetwork
  let relay: TestMember
  let other: TestMember
  let worker: TestMember
  let caller: TestMember

  before(async () => {
    network = await testNetwork()
    relay = await startMember(network, { block: { ...RELAY, resource: 'relay' } })
    other = await startMember(network, { block: { ...RELAY, resource: 'other' } })
    worker = await startMember(network, { block: { resource: 'worker' } })
    caller = await startMember(network, { block: { app: 'shop', resource: 'caller' } })
    await Promise.all([relay, other, worker].map((member) => caller.dial(member)))
    new RelayWord({ ...caller.parts, isConnected: (peerId) => connected.has(peerId) })
  })

  after(stopMembers)

  const connected = new Set<string>()
  let version = Date.now()

  /** The caller hears a lease that names relays as ways to the worker. */
  const announce = async (...relays: TestMember[]): Promise<void> => {
    const addresses = relays.map(({ peerId }) => `/ip4/10.0.0.1/tcp/1/p2p/${peerId}/p2p-circuit/p2p/${worker.peerId}`)
    const terms = { event: 'renew', version: version++, addresses, load: 0 } as const
    const token = await signLease(worker.credential, { ...terms, issuedAt: Date.now() })
    caller.parts.book.take(worker.credential.certificate, { ...terms, token })
  }
  const isListed = (): boolean => caller.parts.book.live('etest').length === 1
  const say = (who: TestMember, body: Json = { app: 'etest', peers: [worker.peerId] }): Promise<Json> =>
    who.parts.system.call(caller.peerId, '$gone', body, { timeoutMs: 5_000 })

  beforeEach(() => connected.clear())

  it('takes a worker off the list that names this relay alone, until it announces itself again', async () => {
    await announce(relay)
    await say(relay)
    assert.equal(isListed(), false)
    await announce(relay)
    assert.equal(isListed(), true)
  })

  it('ends nothing when it lies: of a worker that does not name it, is connected here, or is of another app', async () => {
    await announce(relay)
    await say(other)
    assert.equal(isListed(), true)
    await say(relay, { app: 'shop', peers: [worker.peerId] })
    assert.equal(isListed(), true)
    connected.add(worker.peerId)
    await say(relay)
    assert.equal(isListed(), true)
    connected.clear()
    await announce()
    await say(relay)
    assert.equal(isListed(), true)
  })

  it('ends nothing when somebody says it who is no relay', async () => {
    await announce(relay)
    await say(worker)
    assert.equal(isListed(), true)
  })

  it('counts of a worker with two relays when both have said it of the same lease', async () => {
    await announce(relay, other)
    await say(relay)
    await say(relay)
    assert.equal(isListed(), true)
    await announce(relay, other)
    await say(other)
    assert.equal(isListed(), true)
    await say(relay)
    assert.equal(isListed(), false)
  })

  it('lists nobody', async () => {
    caller.parts.book.remove(worker.peerId)
    await say(relay)
    assert.equal(isListed(), false)
  })
})
