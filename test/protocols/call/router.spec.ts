import assert from 'node:assert/strict'
import { NexusError, type NexusErrorCode } from '../../../src/errors.ts'
import { Balancer } from '../../../src/protocols/call/balancer.ts'
import { type Attempt, describe as inWords, type RouteOptions, Router } from '../../../src/protocols/call/router.ts'
import type { SessionManager } from '../../../src/protocols/session/session-manager.ts'
import type { PeerSession } from '../../../src/protocols/session/session-table.ts'
import type { Identity, Target } from '../../../src/types.ts'
import { assertCode, identityFor, sessionOf } from '../../support/calls.ts'
import { BOB_UID } from '../../support/identities.ts'

const self = identityFor('self')
const [a, b, c] = ['a', 'b', 'c'].map((peerId) => identityFor(peerId, { uid: BOB_UID })) as [
  Identity,
  Identity,
  Identity
]

/** The mesh as routing sees it. */
class World {
  /** What the directory has in memory, and what it learns when it is asked. */
  known: Identity[] | undefined = []
  found: Identity[] = []
  time = 0
  readonly suspected: string[] = []
  readonly tried: string[] = []
  readonly remaining: number[] = []
  lookedUp = 0
  unasked: string | undefined
  onLookUp: () => void = () => undefined
  /** How the session with a peer is opened; by default it is there. */
  open: (peerId: string) => Promise<PeerSession> = async (peerId) => this.session(peerId)
  /** The sessions that are open. */
  readonly sessions = new Map<string, PeerSession>()
  readonly connected = new Set<string>()
  readonly manager = {
    changes: 0,
    peek: (peerId: string) => this.sessions.get(peerId),
    open: async (peerId: string) => {
      const session = await this.open(peerId)
      this.sessions.set(peerId, session)
      this.manager.changes++
      return session
    }
  }
  readonly balancer = new Balancer({ now: () => this.time, random: () => 0 })
  readonly routing = new Router({
    self,
    sessions: this.manager as SessionManager,
    directory: {
      known: () => this.known,
      lookUp: async () => {
        this.lookedUp++
        this.onLookUp()
        return this.found
      },
      unasked: () => this.unasked,
      suspect: (peerId) => void this.suspected.push(peerId)
    },
    balancer: this.balancer,
    isConnected: (peerId) => this.connected.has(peerId),
    now: () => this.time,
    random: () => 0,
    defaultTimeoutMs: 10_000
  })

  session(peerId: string): PeerSession {
    return sessionOf(identityFor(peerId))
  }

  /** Routes a request that fails with these codes at these workers, and is answered by the others. */
  route(failures: Record<string, NexusErrorCode | Error> = {}, options: RouteOptions & Partial<Target> = {}) {
    const attempt: Attempt<string> = async ({ peer }, remainingMs) => {
      this.tried.push(peer.peerId)
      this.remaining.push(remainingMs)
      const failure = failures[peer.peerId]

      if (failure !== undefined) {
        throw failure instanceof Error ? failure : new NexusError(failure, `${failure} at ${peer.peerId}`)
      }

      return `done by ${peer.peerId}`
    }
    return this.routing.route({ app: 'etest', ...options }, options, attempt)
  }
}

describe('router', () => {
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  let world: World

  beforeEach(() => {
    world = new World()
  })

  it('gives the request to a known worker without a question to the mesh', async () => {
    world.known = [a]
    assert.equal(await world.route(), 'done by a')
    assert.equal(world.lookedUp, 0)
    assert.equal(world.balancer.inFlight('a'), 0)
  })

  it('asks the mesh when it knows nobody', async () => {
    world.known = undefined
    world.found = [b]
    assert.equal(await world.route(), 'done by b')
  })

  it('waits for none that is not reached while another is, and opens the others beside it', async () => {
    const opening = Promise.withResolvers<PeerSession>()
    world.known = [a, b]
    world.open = async (peerId) => (peerId === 'b' ? world.session(peerId) : opening.promise)
    assert.equal(await world.route(), 'done by b')
    assert.equal(await world.route(), 'done by b')
    assert.deepEqual(world.suspected, [])
    opening.resolve(world.session('a'))
    await turn()
    assert.equal(await world.route(), 'done by a')
  })

  it('spends all of the time on the only worker', async () => {
    world.known = [a]
    world.open = () => new Promise(() => undefined)
    await assertCode('TIMEOUT', () => world.route({}, { timeoutMs: 30 }), /a was not reached before the deadline/)
  })

  it('spends all of the time on all of them when none is reached', async () => {
    world.known = [a, b, c]
    world.open = () => new Promise(() => undefined)
    await assertCode('TIMEOUT', () => world.route({}, { timeoutMs: 30 }), /none of 3 workers was reached/)
  })

  it('says what a worker said rather than that no other is reached', async () => {
    world.known = [a, b]
    world.open = async (peerId) => (peerId === 'a' ? world.session(peerId) : new Promise(() => undefined))
    await assertCode('BUSY', () => world.route({ a: 'BUSY' }, { timeoutMs: 60 }), /at a/)
  })

  for (const code of ['TIMEOUT', 'LOST'] as const) {
    it(`passes over a worker for a while that gave ${code}, without trying again`, async () => {
      world.known = [a, b]
      await assertCode(code, () => world.route({ a: code }))
      assert.deepEqual(world.tried, ['a'])
      assert.equal(await world.route(), 'done by b')
    })
  }

  it('uses the session that is there', async () => {
    world.known = [a]
    world.sessions.set('a', world.session('a'))
    world.open = () => assert.fail('a session was opened')
    assert.equal(await world.route(), 'done by a')
  })

  describe('tries another worker by itself', () => {
    for (const code of ['UNREACHABLE', 'BUSY', 'NO_WORKER'] as const) {
      it(`after ${code}, each worker once`, async () => {
        world.known = [a, b, c]
        assert.match(await world.route({ a: code, b: code }), /done by c/)
        assert.deepEqual(world.tried, ['a', 'b', 'c'])
      })
    }

    it('that the mesh tells of when the known ones have failed', async () => {
      world.known = [a]
      world.found = [a, b]
      assert.equal(await world.route({ a: 'BUSY' }), 'done by b')
    })

    it('when a session cannot be opened', async () => {
      world.known = [a, b]
      world.open = async (peerId) => {
        if (peerId === 'a') {
          throw new NexusError('UNREACHABLE', 'nobody answers')
        }
        return world.session(peerId)
      }
      assert.equal(await world.route(), 'done by b')
      assert.deepEqual(world.suspected, ['a'])
    })

    it('when a certificate was refused', async () => {
      world.known = [a, b]
      world.open = async (peerId) => {
        if (peerId === 'a') {
          throw new NexusError('REFUSED', 'it has expired', { reason: 'EXPIRED' })
        }
        return world.session(peerId)
      }
      assert.equal(await world.route(), 'done by b')
    })

    it('after LOST when the call is idempotent', async () => {
      world.known = [a, b]
      assert.equal(await world.route({ a: 'LOST' }, { idempotent: true }), 'done by b')
    })

    it('and passes the failed one over for the next call as well', async () => {
      world.known = [a, b]
      await world.route({ a: 'BUSY' })
      await world.route()
      assert.deepEqual(world.tried, ['a', 'b', 'b'])
    })
  })

  describe('tries the only worker once more when its connection ended', () => {
    it('and it may not have run', async () => {
      world.known = [a]
      await assertCode('UNREACHABLE', () => world.route({ a: 'UNREACHABLE' }))
      assert.deepEqual(world.tried, ['a', 'a'])
    })

    it('and the call is idempotent', async () => {
      world.known = [a]
      await assertCode('LOST', () => world.route({ a: 'LOST' }, { idempotent: true }))
      assert.deepEqual(world.tried, ['a', 'a'])
    })

    it('and not when it is busy', async () => {
      world.known = [a]
      await assertCode('BUSY', () => world.route({ a: 'BUSY' }))
      assert.deepEqual(world.tried, ['a'])
    })
  })

  describe('gives up at once', () => {
    for (const code of [
      'LOST',
      'HANDLER_FAILED',
      'FORBIDDEN',
      'TIMEOUT',
      'CANCELLED',
      'TOO_LARGE',
      'INVALID',
      'STOPPED'
    ] as const) {
      it(`after ${code}`, async () => {
        world.known = [a, b]
        await assertCode(code, () => world.route({ a: code }))
        assert.deepEqual(world.tried, ['a'])
        assert.equal(world.balancer.inFlight('a'), 0)
      })
    }

    it('after an unknown error: the request may have run', async () => {
      world.known = [a, b]
      const error = await assertCode('LOST', () => world.route({ a: new TypeError('oops') }))
      assert.ok(error.cause instanceof TypeError)
      assert.deepEqual(world.tried, ['a'])
    })

    it('after HANDLER_FAILED of an idempotent call', async () => {
      world.known = [a, b]
      await assertCode('HANDLER_FAILED', () => world.route({ a: 'HANDLER_FAILED' }, { idempotent: true }))
    })
  })

  describe('without a handler at the worker', () => {
    it('goes to another one', async () => {
      world.known = [a, b]
      assert.equal(await world.route({ a: 'NO_HANDLER' }, { cmd: 'add' }), 'done by b')
    })

    it('tries three others at most, and reports it then', async () => {
      const five = ['a', 'b', 'c', 'd', 'e'].map((peerId) => identityFor(peerId, { uid: BOB_UID }))
      world.known = five
      const failures = Object.fromEntries(five.map(({ peerId }) => [peerId, 'NO_HANDLER' as const]))
      await assertCode('NO_HANDLER', () => world.route(failures, { cmd: 'add' }))
      assert.equal(new Set(world.tried).size, 4)
      assert.equal(world.tried.length, 4)
    })

    it('reports it when nobody else is left', async () => {
      world.known = [a]
      await assertCode('NO_HANDLER', () => world.route({ a: 'NO_HANDLER' }, { cmd: 'add' }))
      assert.deepEqual(world.tried, ['a'])
    })

    it('passes the worker over for five seconds, for that command and no other', async () => {
      world.known = [a, b]
      await world.route({ a: 'NO_HANDLER' }, { cmd: 'add' })
      await world.route({}, { cmd: 'add' })
      await world.route({}, { cmd: 'other' })
      await world.route()
      assert.deepEqual(world.tried.splice(0), ['a', 'b', 'b', 'a', 'a'])
      world.time = 4_999
      await world.route({}, { cmd: 'add' })
      world.time = 5_000
      await world.route({}, { cmd: 'add' })
      assert.deepEqual(world.tried, ['b', 'a'])
    })

    it('asks it again when nobody else is there', async () => {
      world.known = [a]
      await assertCode('NO_HANDLER', () => world.route({ a: 'NO_HANDLER' }, { cmd: 'add' }))
      assert.equal(await world.route({}, { cmd: 'add' }), 'done by a')
    })

    it('remembers it of directs as well, apart from commands', async () => {
      world.known = [a, b]
      await world.route({ a: 'NO_HANDLER' })
      await world.route()
      await world.route({}, { cmd: 'add' })
      assert.deepEqual(world.tried, ['a', 'b', 'b', 'a'])
    })
  })

  it('suspects a worker that was not reached, and not a busy one', async () => {
    world.known = [a, b, c]
    await world.route({ a: 'UNREACHABLE', b: 'BUSY' })
    assert.deepEqual(world.suspected, ['a'])
  })

  it('fails with the last failure when all have failed', async () => {
    world.known = [a, b]
    await assertCode('UNREACHABLE', () => world.route({ a: 'BUSY', b: 'UNREACHABLE' }), /at b/)
  })

  it('fails with NO_WORKER when there is nobody, and says who was meant', async () => {
    await assertCode('NO_WORKER', () => world.route({}, { resource: 'default', ownership: 'mine' }), /default.*|mine/)
    assert.equal(
      inWords({ app: 'etest', ownership: 'mine', resource: 'r' }),
      "app 'etest', ownership 'mine', resource 'r'"
    )
  })

  describe('keeps to the deadline', () => {
    it('of the call, and of the options for those without', async () => {
      world.known = [a]
      await world.route({}, { timeoutMs: 500 })
      await world.route()
      assert.deepEqual(world.remaining, [500, 10_000])
    })

    it('over all workers: the next one gets what is left', async () => {
      world.known = [a]
      world.found = [a, b]
      world.onLookUp = () => {
        world.time += 300
      }
      await world.route({ a: 'BUSY' }, { timeoutMs: 1_000 })
      assert.deepEqual(world.remaining, [1_000, 700])
    })

    it('with TIMEOUT when it is over before the request could be sent', async () => {
      world.known = [a, b]
      world.open = async (peerId) => {
        world.time += 1_000
        return world.session(peerId)
      }
      await assertCode('TIMEOUT', () => world.route({}, { timeoutMs: 1_000 }))
      assert.deepEqual(world.tried, [])
    })

    it('with TIMEOUT when a worker is not reached in time', async () => {
      world.known = [a, b]
      world.open = () => new Promise(() => undefined)
      await assertCode('TIMEOUT', () => world.route({}, { timeoutMs: 20 }))
    })

    it('with TIMEOUT when nobody was found in time', async () => {
      world.onLookUp = () => {
        world.time += 1_000
      }
      await assertCode('TIMEOUT', () => world.route({}, { timeoutMs: 1_000 }))
    })

    it('with TIMEOUT when the timer of the search rang a little early', async () => {
      world.onLookUp = () => {
        world.time += 998.4
      }
      await assertCode('TIMEOUT', () => world.route({}, { timeoutMs: 1_000 }))
    })

    it('and says when nobody could be asked', async () => {
      world.unasked = 'no entrance is connected'
      await assertCode('NO_WORKER', () => world.route(), /for app 'etest': no entrance is connected$/)
      world.onLookUp = () => {
        world.time += 1_000
      }
      await assertCode('TIMEOUT', () => world.route({}, { timeoutMs: 1_000 }), /'etest': no entrance is connected$/)
    })

    it('with the failure of a worker rather than TIMEOUT when others are not found in time', async () => {
      world.known = [a]
      world.onLookUp = () => {
        world.time += 1_000
      }
      await assertCode('BUSY', () => world.route({ a: 'BUSY' }, { timeoutMs: 1_000 }))
    })
  })

  describe('fails with CANCELLED when the caller gives up', () => {
    it('while a worker is looked for', async () => {
      const controller = new AbortController()
      world.onLookUp = () => controller.abort(new Error('changed my mind'))
      world.found = [a]
      const error = await assertCode('CANCELLED', () => world.route({}, { signal: controller.signal }))
      assert.equal(error.cause, controller.signal.reason)
      assert.deepEqual(world.tried, [])
    })

    it('while a session is opened', async () => {
      const controller = new AbortController()
      world.known = [a, b]
      world.open = () => {
        controller.abort()
        return new Promise(() => undefined)
      }
      await assertCode('CANCELLED', () => world.route({}, { signal: controller.signal }))
    })

    it('between two workers', async () => {
      const controller = new AbortController()
      world.known = [a, b]
      const busy = new NexusError('BUSY', 'busy at a')
      await assertCode('CANCELLED', () =>
        world.route(
          {
            get a() {
              controller.abort()
              return busy
            }
          },
          { signal: controller.signal }
        )
      )
      assert.deepEqual(world.tried, ['a'])
    })
  })

  describe('prioritizeMine', () => {
    const mine = identityFor('mine')

    it("waits for the caller's own while they have not failed, and not too long, and not again", async () => {
      world.known = [a, mine]
      world.open = async (peerId) => (peerId === 'a' ? world.session(peerId) : new Promise(() => undefined))
      assert.equal(await world.route({}, { prioritizeMine: true, timeoutMs: 60 }), 'done by a')
      world.time += 600_000
      world.open = () => assert.fail('it is being opened')
      assert.equal(await world.route({}, { prioritizeMine: true }), 'done by a')
    })

    it("takes the caller's own workers first", async () => {
      world.known = [a, b, mine]
      assert.equal(await world.route({}, { prioritizeMine: true }), 'done by mine')
    })

    it('takes others when there are none, or they have failed', async () => {
      world.known = [a, mine]
      assert.equal(await world.route({ mine: 'BUSY' }, { prioritizeMine: true }), 'done by a')
      world.known = [a]
      assert.equal(await world.route({}, { prioritizeMine: true }), 'done by a')
    })
  })
})
