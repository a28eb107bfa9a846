import assert from 'node:assert/strict'
import type { Connection, Stream } from '@libp2p/interface'
import { MAX_IN_FLIGHT, SESSION_PROTOCOL } from '../../../src/constants.ts'
import { NexusError } from '../../../src/errors.ts'
import { BODY_RAW } from '../../../src/protocols/body/body.ts'
import { VerifiedPeers } from '../../../src/protocols/peers/verified-peers.ts'
import type { ReceivedRequest } from '../../../src/protocols/session/session.ts'
import { SessionManager } from '../../../src/protocols/session/session-manager.ts'
import type { SessionRouter } from '../../../src/protocols/session/session-router.ts'
import type { PeerSession } from '../../../src/protocols/session/session-table.ts'
import { assertCode, identityFor, log } from '../../support/calls.ts'
import { type TestNetwork, testNetwork } from '../../support/identities.ts'
import { startMember, stopMembers, type TestMember } from '../../support/members.ts'
import { until } from '../../support/until.ts'

const call = { cmd: 'it', type: BODY_RAW, body: Uint8Array.from([1, 2, 3]), timeoutMs: 5_000 }

/** Echoes requests, and keeps who sent them. */
class Echo implements SessionRouter {
  readonly senders: PeerSession[] = []
  /** Requests are kept here in place of an answer. */
  held: ReceivedRequest[] | undefined
  readonly onRequest = (request: ReceivedRequest, from: PeerSession): void => {
    this.senders.push(from)

    if (this.held === undefined) {
      request.respond(request.type, request.body)
    } else {
      this.held.push(request)
    }
  }
  readonly onDirect = async (): Promise<void> => undefined
  readonly onGrant = (from: PeerSession, grant: string): void => {
    from.grant = Promise.resolve({ token: grant } as never)
  }
}

/** The body that a call is answered with. */
const answerOf = async ({ session }: PeerSession): Promise<number[]> => [...(await session.request(call)).body]

const sessionStreams = (member: TestMember, other: TestMember): Stream[] =>
  member.parts.node.libp2p
    .getConnections(other.parts.node.libp2p.peerId)
    .flatMap(({ streams }) => streams)
    .filter(({ protocol, status }) => protocol === SESSION_PROTOCOL && status === 'open')

describe('sessions', () => {
  let network: TestNetwork
  let left: TestMember
  let right: TestMember
  let echo: { left: Echo; right: Echo }

  beforeEach(async () => {
    network = await testNetwork()
    echo = { left: new Echo(), right: new Echo() }
    left = await startMember(network, { router: echo.left, block: { resource: 'left' } })
    right = await startMember(network, { router: echo.right, block: { resource: 'right' } })
    await left.dial(right)
  })

  afterEach(stopMembers)

  const openRight = (signal?: AbortSignal): Promise<PeerSession> => left.parts.sessions.open(right.peerId, signal)

  it('open one stream for many calls, in both directions', async () => {
    const [one, two] = await Promise.all([openRight(), openRight()])
    assert.equal(one, two)
    assert.equal(left.parts.sessions.peek(right.peerId), one)
    await Promise.all([one.session.request(call), one.session.request(call)])
    const back = await right.parts.sessions.open(left.peerId)
    assert.deepEqual(await answerOf(back), [1, 2, 3])
    assert.equal(sessionStreams(left, right).length, 1)
  })

  it("give the router the sender's identity as its certificate says", async () => {
    const { session } = await openRight()
    await session.request(call)
    assert.deepEqual(echo.right.senders[0]?.peer, left.parts.identity)
  })

  it('give the router the newer identity of a peer that has shown another certificate', async () => {
    const { session } = await openRight()
    await session.request(call)
    const { certificate } = left.credential
    right.parts.node.verified.add({ ...certificate, expiresAt: certificate.expiresAt + 1_000, resource: 'renewed' })
    await session.request(call)
    assert.equal(echo.right.senders[1]?.peer.resource, 'renewed')
  })

  it('keep what a peer has shown on its session, and on no other', async () => {
    const { session } = await openRight()
    session.sendGrant('a grant')
    await session.request(call)
    assert.equal((await echo.right.senders[0]?.grant)?.token, 'a grant')
    sessionStreams(left, right)[0]?.abort(new Error('test'))
    await until(() => left.parts.sessions.peek(right.peerId) === undefined)
    await (await openRight()).session.request(call)
    assert.equal(echo.right.senders[1]?.grant, undefined)
  })

  it('count the calls of a peer over all of its sessions, those that an ended one has left included', async () => {
    const held: ReceivedRequest[] = []
    echo.right.held = held
    const { session } = await openRight()
    const calls = Array.from({ length: MAX_IN_FLIGHT }, () => session.request(call).catch(() => undefined))
    await until(() => held.length === MAX_IN_FLIGHT)
    sessionStreams(left, right)[0]?.abort(new Error('test'))
    await Promise.all(calls)
    await until(() => held.every(({ signal }) => signal.aborted))

    const again = await openRight()
    await assertCode('BUSY', () => again.session.request(call))
    held.pop()?.respond(0, call.body)
    echo.right.held = undefined
    assert.deepEqual(await answerOf(again), [1, 2, 3])
  })

  it("let a peer's newer session take over from one that it has lost", async () => {
    await openRight()
    await until(() => right.parts.sessions.peek(left.peerId) !== undefined)
    const lost = right.parts.sessions.peek(left.peerId)
    // The other side hears nothing of its end: it opens one more.
    await left.parts.sessions.move(right.peerId)
    await until(() => right.parts.sessions.peek(left.peerId) !== lost)
    assert.deepEqual(await answerOf(right.parts.sessions.peek(left.peerId)!), [1, 2, 3])
  })

  it('settle on one session when both sides open one at once', async () => {
    const settled = (): boolean =>
      left.parts.sessions.peek(right.peerId) === echo.left.senders.at(-1) &&
      right.parts.sessions.peek(left.peerId) === echo.right.senders.at(-1)

    for (let round = 0; round < 5; round++) {
      const opened = await Promise.all([openRight(), right.parts.sessions.open(left.peerId)])
      await Promise.all(opened.map(({ session }) => session.request(call)))
      await until(async () => {
        await left.parts.sessions.peek(right.peerId)?.session.request(call)
        await right.parts.sessions.peek(left.peerId)?.session.request(call)
        return settled()
      }, 'one session')

      for (const stream of sessionStreams(left, right)) {
        stream.abort(new Error('next round'))
      }
      await until(() => left.parts.sessions.peek(right.peerId) === undefined)
      await until(() => right.parts.sessions.peek(left.peerId) === undefined)
    }
  })

  it('are opened again when one has died', async () => {
    const first = await openRight()
    sessionStreams(left, right)[0]?.abort(new Error('test'))
    await until(() => left.parts.sessions.peek(right.peerId) === undefined)
    const second = await openRight()
    assert.notEqual(second, first)
    await second.session.request(call)
  })

  it('are opened over a new connection when there is none', async () => {
    await openRight()
    await left.parts.node.libp2p.hangUp(right.parts.node.libp2p.peerId)
    await until(() => left.parts.sessions.peek(right.peerId) === undefined)
    await (await openRight()).session.request(call)
  })

  it('keep three of those that a peer opens, the newest', async () => {
    const [connection] = left.parts.node.libp2p.getConnections() as [Connection]
    const streams: Stream[] = []

    for (let count = 0; count < 5; count++) {
      streams.push(await connection.newStream(SESSION_PROTOCOL))
    }

    await until(() => sessionStreams(right, left).length === 3, 'the end of the older ones')
    await until(() => streams.slice(0, 2).every(({ status }) => status !== 'open'))
    assert.deepEqual(
      streams.slice(2).map(({ status }) => status),
      ['open', 'open', 'open']
    )
  })

  it('move: calls under way end where they began, new ones go over, none twice', async () => {
    echo.right.held = []
    const before = openRight().then(answerOf)
    await until(() => echo.right.held?.length === 1)
    await left.parts.sessions.move(right.peerId)
    const after = openRight().then(answerOf)
    await until(() => echo.right.held?.length === 2)
    assert.equal(sessionStreams(left, right).length, 2)

    for (const request of echo.right.held) {
      request.respond(request.type, request.body)
    }

    assert.deepEqual(await Promise.all([before, after]), [
      [1, 2, 3],
      [1, 2, 3]
    ])
    assert.equal(echo.right.held.length, 2)
    await until(() => sessionStreams(left, right).length === 1, 'the end of the old session')
    assert.equal(left.parts.sessions.peek(right.peerId), await openRight())
  })

  it('move: the other side goes over too, and its calls under way end', async () => {
    await openRight().then(answerOf)
    echo.left.held = []
    const back = right.parts.sessions.open(left.peerId).then(answerOf)
    await until(() => echo.left.held?.length === 1)
    await left.parts.sessions.move(right.peerId)
    await until(() => sessionStreams(left, right).length === 2)
    const [request] = echo.left.held as [ReceivedRequest]
    request.respond(request.type, request.body)
    assert.deepEqual(await back, [1, 2, 3])
    echo.left.held = undefined
    await until(() => sessionStreams(left, right).length === 1, 'the end of the old session')
    assert.deepEqual(await right.parts.sessions.open(left.peerId).then(answerOf), [1, 2, 3])
    assert.equal(sessionStreams(left, right).length, 1)
  })

  it('move: does nothing where there is no session', async () => {
    await left.parts.sessions.move(right.peerId)
    assert.equal(sessionStreams(left, right).length, 0)
  })

  describe('fail to open', () => {
    it('with CANCELLED when the caller gives up, before and meanwhile', async () => {
      await assertCode('CANCELLED', () => openRight(AbortSignal.abort()))
      assert.equal(sessionStreams(left, right).length, 0)
      const controller = new AbortController()
      const opening = openRight(controller.signal)
      controller.abort()
      await assertCode('CANCELLED', () => opening)
    })

    it('with UNREACHABLE when the peer speaks no sessions', async () => {
      await right.parts.node.libp2p.unhandle(SESSION_PROTOCOL)
      await assertCode('UNREACHABLE', openRight)
    })

    it('with STOPPED here, and UNREACHABLE to others, when this block was stopped', async () => {
      await left.parts.sessions.stop(AbortSignal.abort())
      await assertCode('STOPPED', openRight)
      await assertCode('UNREACHABLE', () => right.parts.sessions.open(left.peerId))
    })
  })

  it('leave no rejection behind when a caller has given up on a peer that cannot be reached', async () => {
    const refused = Promise.withResolvers<never>()
    const sessions = new SessionManager({
      self: identityFor('self'),
      registrar: left.parts.node.libp2p,
      connect: () => refused.promise,
      verified: new VerifiedPeers({
        clock: Date.now,
        revocations: left.credential.revocations,
        isConnected: () => true
      }),
      limits: {},
      log
    })
    const controller = new AbortController()
    const opening = sessions.open('nobody', controller.signal)
    controller.abort()
    await assertCode('CANCELLED', () => opening)
    // A rejection that nobody handles fails the run.
    refused.reject(new NexusError('UNREACHABLE', 'nobody answers'))
    await assertCode('UNREACHABLE', () => sessions.open('nobody'))
  })

  describe('with itself', () => {
    it('go over the loopback', async () => {
      const own = await left.parts.sessions.open(left.peerId)
      assert.equal(left.parts.sessions.peek(left.peerId), own)
      assert.deepEqual(await answerOf(own), [1, 2, 3])
      assert.equal(echo.left.senders[0], own)
      assert.deepEqual(own.peer, left.parts.identity)
    })

    it('end with the block: calls that take too long fail, and leave nothing', async () => {
      echo.left.held = []
      const own = await left.parts.sessions.open(left.peerId)
      const failed = assertCode('STOPPED', () => own.session.request(call))
      await until(() => echo.left.held?.length === 1)
      await left.parts.sessions.stop(AbortSignal.abort())
      await failed
    })
  })

  describe('stop', () => {
    it('waits for calls in flight, and takes no new ones', async () => {
      echo.right.held = []
      const peer = await openRight()
      const answer = answerOf(peer)
      await until(() => echo.right.held?.length === 1)
      assert.equal(right.parts.sessions.inFlight, 1)
      let stopped = false
      const stopping = right.parts.sessions.stop(AbortSignal.timeout(10_000)).then(() => {
        stopped = true
      })
      await until(() => left.parts.sessions.peek(right.peerId) === undefined, 'the goaway')
      await assertCode('UNREACHABLE', () => answerOf(peer))
      assert.equal(stopped, false)
      echo.right.held[0]?.respond(BODY_RAW, call.body)
      assert.deepEqual(await answer, [1, 2, 3])
      await stopping
      assert.equal(sessionStreams(right, left).length, 0)
    })

    it('ends calls that take longer than it is to wait', async () => {
      echo.right.held = []
      const { session } = await openRight()
      const failed = assertCode('LOST', () => session.request(call))
      await until(() => echo.right.held?.length === 1)
      await right.parts.sessions.stop(AbortSignal.abort())
      await failed
      assert.equal(echo.right.held[0]?.signal.aborted, true)
    })
  })
})
