import assert from 'node:assert/strict'
import type { MultiaddrConnection, Stream, StreamMuxerFactory } from '@libp2p/interface'
import { defaultLogger } from '@libp2p/logger'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { Uint8ArrayList } from 'uint8arraylist'
import { halfWindowYamux } from '../../../src/node/libp2p/half-window-yamux.ts'
import { until } from '../../support/until.ts'

const WINDOW = 256 * 1024
const quiet = (): (() => StreamMuxerFactory) => yamux({ enableKeepAlive: false })

describe('a message on a stream of yamux', () => {
  let near: MultiaddrConnection
  let far: MultiaddrConnection
  let out: Stream
  let arrived: Buffer[]
  /** What was written to the connection. */
  let wire: Buffer[]

  /** A stream that is open at both ends, of a library or ours, to the library. */
  async function open(factory: () => StreamMuxerFactory): Promise<void> {
    ;[near, far] = multiaddrConnectionPair({ log: defaultLogger() } as never)
    arrived = []
    wire = []
    const other = quiet()().createStreamMuxer(far)
    other.addEventListener('stream', ({ detail }) => {
      detail.addEventListener('message', ({ data }) => {
        arrived.push(Buffer.from(data.subarray()))
      })
      detail.send(Uint8Array.of(0))
    })
    out = await factory().createStreamMuxer(near).createStream()
    let isOpen = false
    out.addEventListener('message', () => {
      isOpen = true
    })
    await until(() => isOpen, 'the stream is open')
    const send = near.send.bind(near)
    near.send = (data) => {
      wire.push(Buffer.from(data.subarray()))
      return send(data)
    }
  }

  const ours = (): StreamMuxerFactory => halfWindowYamux(quiet as typeof yamux)()
  const total = (): number => arrived.reduce((bytes, { byteLength }) => bytes + byteLength, 0)

  afterEach(() => near.abort(new Error('the test is over')))

  it('is the same bytes as the library writes, large or small, in one piece or several', async () => {
    const written: Buffer[][] = []

    for (const factory of [quiet(), ours]) {
      await open(factory)
      out.send(Uint8Array.of(1, 2, 3))
      out.send(new Uint8ArrayList(Uint8Array.of(4), new Uint8Array(70_000).fill(5)))
      out.send(new Uint8Array(5_000).fill(6))
      await until(() => total() === 75_004, 'all arrives')
      written.push(wire)
    }
    assert.equal(written[0]?.length, 3)
    assert.deepEqual(written[1], written[0])
  })

  it('waits behind what waits for room, and stays in order', async () => {
    await open(ours)
    const parts = [WINDOW - 10, 20, 1, WINDOW].map((size, at) => Buffer.alloc(size, at))

    for (const part of parts) {
      out.send(part)
    }
    assert.equal(out.writableNeedsDrain, true)
    await until(() => total() === 2 * WINDOW + 11, 'all arrives')
    assert.ok(Buffer.concat(arrived).equals(Buffer.concat(parts)))
  })

  it('is held back when the connection wants to be drained', async () => {
    await open(ours)
    const send = near.send.bind(near)
    near.send = (data) => {
      send(data)
      return false
    }
    assert.equal(out.send(Uint8Array.of(1)), false)
    assert.equal(out.writableNeedsDrain, true)
    out.send(Uint8Array.of(2))
    await until(() => total() === 1)
    near.send = send
    near.dispatchEvent(new Event('drain'))
    await until(() => total() === 2)
  })

  it('ends the stream when the connection does not take it', async () => {
    await open(ours)
    near.send = () => {
      throw new Error('not taken')
    }
    assert.throws(() => out.send(Uint8Array.of(1)), /not taken/)
    assert.equal(out.status, 'aborted')
  })
})
