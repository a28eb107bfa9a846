import assert from 'node:assert/strict'
import { mock } from 'node:test'
import type { Connection, Stream } from '@libp2p/interface'
import { CONNECTION_SILENCE_MS } from '../../../src/constants.ts'
import { ConnectionMonitor } from '../../../src/node/libp2p/connection-monitor.ts'
import { log } from '../../support/calls.ts'
import { collectGarbage } from '../../support/collect-garbage.ts'

const INTERVAL_MS = 10_000

/** A connection to a peer that answers when the spec says so. */
class FakeConnection {
  readonly pings: EventTarget[] = []
  /** What pings were given to end by. */
  readonly signals: Array<WeakRef<AbortSignal>> = []
  aborted: Error | undefined
  /** What `newStream` fails with. */
  failure: Error | undefined

  async newStream(_protocol: string, { signal }: { signal: AbortSignal }): Promise<Stream> {
    if (this.failure !== undefined) {
      throw this.failure
    }

    signal.throwIfAborted()
    this.signals.push(new WeakRef(signal))
    // As libraries do that never stop listening.
    signal.addEventListener('abort', () => undefined)
    const rest = { send: () => true, close: async () => undefined, abort: () => undefined }
    const stream = Object.assign(new EventTarget(), rest)
    this.pings.push(stream)
    return stream as unknown as Stream
  }

  abort(error: Error): void {
    this.aborted ??= error
  }

  answer(event = 'message'): void {
    this.pings.at(-1)?.dispatchEvent(new Event(event))
  }
}

describe('connection monitor', () => {
  let time: number
  let connection: FakeConnection
  let monitor: ConnectionMonitor

  /** Lets this time pass, on the clock and for timers, and what then becomes of promises. */
  async function pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1_000) {
      time += 1_000
      mock.timers.tick(1_000)
      await new Promise(setImmediate)
    }
  }

  beforeEach(() => {
    time = 0
    connection = new FakeConnection()
    mock.timers.enable({ apis: ['setTimeout'] })
    monitor = new ConnectionMonitor({
      connections: () => [connection as unknown as Connection],
      now: () => time,
      log
    })
    monitor.start()
  })

  afterEach(() => {
    monitor.stop()
    mock.timers.reset()
  })

  it('pings a connection again and again while it is answered', async () => {
    for (let count = 1; count <= 4; count++) {
      await pass(INTERVAL_MS + 1_000)
      assert.equal(connection.pings.length, count)
      connection.answer()
    }
    assert.equal(connection.aborted, undefined)
  })

  it('leaves nothing of a ping behind, though somebody still listens to its signal', async () => {
    for (let count = 1; count <= 4; count++) {
      await pass(INTERVAL_MS + 1_000)
      connection.answer()
    }
    await pass(1_000)
    collectGarbage()
    const kept = connection.signals.filter((signal) => signal.deref() !== undefined)
    assert.deepEqual([connection.signals.length, kept.length], [4, 0])
  })

  it('pings no peer that pings by itself, and does when that says nothing any more', async () => {
    for (let count = 0; count < 8; count++) {
      await pass(INTERVAL_MS / 2)
      monitor.heard(connection as unknown as Connection)
    }
    assert.equal(connection.pings.length, 0)
    await pass(INTERVAL_MS + 1_000)
    assert.equal(connection.pings.length, 1)
    // What the peer says of itself is no answer.
    monitor.heard(connection as unknown as Connection)
    await pass(CONNECTION_SILENCE_MS)
    assert.match(String(connection.aborted), /answers no ping/)
  })

  it('sends no second ping while one is not answered, and ends the connection in its time', async () => {
    await pass(INTERVAL_MS + CONNECTION_SILENCE_MS)
    assert.deepEqual([connection.pings.length, connection.aborted], [1, undefined])
    await pass(1_000)
    assert.match(String(connection.aborted), /answers no ping/)
  })

  it('takes a reset for an answer, and a protocol that the peer does not speak', async () => {
    await pass(INTERVAL_MS + 1_000)
    connection.answer('close')
    connection.failure = Object.assign(new Error('ping is not spoken'), { name: 'UnsupportedProtocolError' })
    await pass(4 * CONNECTION_SILENCE_MS)
    assert.equal(connection.aborted, undefined)
  })

  it('ends a connection at once on which no stream can be opened any more', async () => {
    connection.failure = Object.assign(new Error('its muxer is closed'), { name: 'ConnectionClosedError' })
    await pass(INTERVAL_MS + 1_000)
    assert.equal(connection.aborted, connection.failure)
  })

  it('reads first what came while this process stood still', async () => {
    await pass(INTERVAL_MS + 1_000)
    time += 2 * CONNECTION_SILENCE_MS
    mock.timers.tick(1_000)
    assert.equal(connection.aborted, undefined)
    connection.answer()
    await new Promise(setImmediate)
    await pass(INTERVAL_MS)
    assert.equal(connection.aborted, undefined)
  })

  it('notices a dead one though its ticks are late all the time', async () => {
    await pass(INTERVAL_MS + 1_000)

    for (let minute = 0; minute < 3; minute++) {
      time += 60_000
      mock.timers.tick(1_000)
    }
    assert.match(String(connection.aborted), /answers no ping/)
  })

  it('does nothing any more when it has stopped, and never starts then', async () => {
    monitor.stop()
    monitor.start()
    await pass(10 * INTERVAL_MS)
    assert.equal(connection.pings.length, 0)
  })
})
