import assert from 'node:assert/strict'
import type { MultiaddrConnection, Stream, StreamMuxer, StreamMuxerFactory } from '@libp2p/interface'
import { defaultLogger } from '@libp2p/logger'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { requireMembers } from '../../../src/lib/require-members.ts'
import { halfWindowYamux, YAMUX_MEMBERS, YAMUX_STREAM_MEMBERS } from '../../../src/node/libp2p/half-window-yamux.ts'
import { assertCode } from '../../support/calls.ts'
import { until } from '../../support/until.ts'

const WINDOW = 256 * 1024
const LARGE = 16 * WINDOW
const MESSAGES = 100

/** One stream between two muxers, and what passes. */
interface Link {
  out: Stream
  into: Stream
  /** Bytes that have arrived at `into`. */
  received: () => number
  /** Writes of the receiving side since the stream was open. */
  answers: () => number
  close: () => Promise<void>
}

async function link(sender: () => StreamMuxerFactory, receiver: () => StreamMuxerFactory): Promise<Link> {
  const [near, far] = multiaddrConnectionPair({ log: defaultLogger() } as never)
  let answers = 0
  const send = far.send.bind(far)
  far.send = (data) => {
    answers++
    return send(data)
  }
  const muxers: StreamMuxer[] = [muxerOn(near, sender), muxerOn(far, receiver)]
  const arrived = new Promise<Stream>((resolve) => {
    muxers[1]?.addEventListener('stream', ({ detail }) => resolve(detail), { once: true })
  })
  const out = (await muxers[0]?.createStream()) as Stream
  out.send(Uint8Array.of(0))
  const into = await arrived
  let received = 0
  into.addEventListener('message', ({ data }) => {
    received += data.byteLength
  })
  await until(() => received === 1, 'the first byte')
  answers = 0
  received = 0
  return {
    out,
    into,
    received: () => received,
    answers: () => answers,
    close: async () => {
      await Promise.all(muxers.map((muxer) => muxer.close()))
    }
  }
}

// Without the pings by which it measures round trips, so that all writes are of the stream.
const quiet = (): (() => StreamMuxerFactory) => yamux({ enableKeepAlive: false })
const halfWindow = (): (() => StreamMuxerFactory) => halfWindowYamux(quiet as typeof yamux)

function muxerOn(connection: MultiaddrConnection, factory: () => StreamMuxerFactory): StreamMuxer {
  return factory().createStreamMuxer(connection)
}

describe('yamux with updates at half of the window', () => {
  const open: Link[] = []

  const linked = async (...sides: Parameters<typeof link>): Promise<Link> => {
    const made = await link(...sides)
    open.push(made)
    return made
  }

  afterEach(() => Promise.all(open.splice(0).map(({ close }) => close())))

  it('writes nothing for small messages, where the library writes for each', async () => {
    for (const [receiver, writes] of [
      [halfWindow(), 0],
      [quiet(), MESSAGES]
    ] as const) {
      const { out, received, answers } = await linked(halfWindow(), receiver)

      for (let count = 1; count <= MESSAGES; count++) {
        out.send(new Uint8Array(100))
        await until(() => received() === 100 * count, 'the message')
      }
      assert.equal(answers(), writes)
    }
  })

  for (const [what, sender, receiver] of [
    ['both ends', halfWindow(), halfWindow()],
    ['the receiving end alone', quiet(), halfWindow()],
    ['the sending end alone', halfWindow(), quiet()]
  ] as const) {
    it(`carries many windows, with it at ${what}`, async () => {
      const { out, received } = await linked(sender, receiver)
      out.send(new Uint8Array(LARGE))
      await until(
        () => received() === LARGE,
        () => `${LARGE} bytes; ${received()} came`
      )
    })
  }

  it('carries on after the reader had paused with all of the window used', async () => {
    const { out, into, received } = await linked(halfWindow(), halfWindow())
    into.pause()
    out.send(new Uint8Array(LARGE))
    await until(() => out.writableNeedsDrain, 'the sender waits')
    into.resume()
    await until(
      () => received() === LARGE,
      () => `${LARGE} bytes; ${received()} came`
    )
  })

  it('needs an inside that it knows', async () => {
    const [near] = multiaddrConnectionPair({ log: defaultLogger() } as never)
    const muxer = muxerOn(near, quiet())
    requireMembers('@libp2p/yamux', muxer, YAMUX_MEMBERS)
    requireMembers('@libp2p/yamux', await muxer.createStream(), YAMUX_STREAM_MEMBERS)
    const other = (() => () => ({ protocol: '/yamux/2', createStreamMuxer: () => ({}) })) as unknown as typeof yamux
    await assertCode('INVALID', async () => muxerOn(near, halfWindowYamux(other)), /@libp2p\/yamux has no '_newStream'/)
    await muxer.close()
  })

  it('are aborted without an error when their connection is closed for writing', async () => {
    const [near, far] = multiaddrConnectionPair({ log: defaultLogger() } as never)
    const muxer = muxerOn(near, halfWindow())
    const stream = await muxer.createStream()
    const closed = near.close()
    assert.throws(() => near.send(Uint8Array.of(0)), { name: 'StreamStateError' })
    muxer.abort(new Error('over'))
    assert.deepEqual([muxer.status, stream.status], ['closed', 'aborted'])
    far.abort(new Error('over'))
    await closed
  })
})
