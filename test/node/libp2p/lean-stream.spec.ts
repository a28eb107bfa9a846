import assert from 'node:assert/strict'
import type { Stream } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import { makeLean } from '../../../src/node/libp2p/lean-stream.ts'
import { until } from '../../support/until.ts'

describe('lean stream', () => {
  let near: Stream
  let far: Stream
  let received: number[]

  beforeEach(async () => {
    ;[near, far] = await streamPair()
    received = []
    makeLean(near)
    makeLean(far)
  })

  afterEach(() => near.abort(new Error('the test is over')))

  const listen = (): void =>
    far.addEventListener('message', ({ data }) => {
      received.push(...data.subarray())
    })

  function countEvents(stream: Stream): string[] {
    const types: string[] = []
    const dispatch = stream.dispatchEvent.bind(stream)
    stream.dispatchEvent = (event) => {
      types.push(event.type)
      return dispatch(event)
    }
    return types
  }

  it('makes no event that nobody listens to', async () => {
    const events = countEvents(near)
    listen()
    near.send(Uint8Array.of(1))
    await until(() => received.length === 1)
    assert.deepEqual(events, [])
    let idle = 0
    near.addEventListener('idle', () => idle++)
    near.send(Uint8Array.of(2))
    assert.equal(idle, 1)
  })

  it('gives what came before anybody listened, and while it was paused, in order', async () => {
    near.send(Uint8Array.of(1))
    await until(() => far.readBufferLength === 1)
    listen()
    near.send(Uint8Array.of(2))
    await until(() => received.length === 2)
    far.pause()
    near.send(Uint8Array.of(3))
    await until(() => far.readBufferLength === 1)
    near.send(Uint8Array.of(4))
    await until(() => far.readBufferLength === 2)
    assert.deepEqual(received, [1, 2])
    far.resume()
    near.send(Uint8Array.of(5))
    await until(() => received.length === 5)
    assert.deepEqual(received, [1, 2, 3, 4, 5])
  })

  it('puts nothing into the buffer that is taken at once', async () => {
    let buffered = -1
    far.addEventListener('message', () => {
      buffered = far.readBufferLength
    })
    listen()
    const append = (far as unknown as { readBuffer: { append: () => void } }).readBuffer
    append.append = () => assert.fail('buffered')
    near.send(Uint8Array.of(1))
    await until(() => received.length === 1)
    assert.equal(buffered, 0)
  })

  it('gives messages to all who take them, and to one alone without an event of their own', async () => {
    const events = countEvents(far)
    const others: number[] = []
    const other = ({ data }: { data: { byteLength: number } }): void => void others.push(data.byteLength)
    listen()
    near.send(Uint8Array.of(1))
    await until(() => received.length === 1)
    assert.deepEqual(events, [])
    far.addEventListener('message', other)
    near.send(Uint8Array.of(2, 3))
    await until(() => received.length === 3)
    far.removeEventListener('message', other)
    near.send(Uint8Array.of(4))
    await until(() => received.length === 4)
    far.addEventListener('message', other, { once: true })
    near.send(Uint8Array.of(5))
    await until(() => received.length === 5)
    near.send(Uint8Array.of(6))
    await until(() => received.length === 6)
    assert.deepEqual(received, [1, 2, 3, 4, 5, 6])
    assert.deepEqual(others, [2, 1])
  })

  it('gives nothing to who listens no more', async () => {
    const taken: number[] = []
    const take = ({ data }: { data: { byteLength: number } }): void => void taken.push(data.byteLength)
    far.addEventListener('message', take)
    near.send(Uint8Array.of(1))
    await until(() => taken.length === 1)
    far.removeEventListener('message', take)
    near.send(Uint8Array.of(2))
    await until(() => far.readBufferLength === 1)
    assert.deepEqual(taken, [1])
  })

  it('keeps what fails in who takes messages from who sends them', () => {
    const failure = new Error('not taken')
    const { onData } = far as unknown as { onData: (data: Uint8Array) => void }
    const queue = globalThis.queueMicrotask
    const thrown: Array<() => void> = []
    globalThis.queueMicrotask = (run) => void thrown.push(run)

    try {
      far.addEventListener('message', () => {
        throw failure
      })
      onData(Uint8Array.of(1))
    } finally {
      globalThis.queueMicrotask = queue
    }
    assert.equal(thrown.length, 1)
    assert.throws(() => thrown[0]?.(), failure)
  })

  it('ends after the last bytes', async () => {
    listen()
    let closedWith = -1
    far.addEventListener('remoteCloseWrite', () => {
      closedWith = received.length
    })
    near.send(Uint8Array.of(1, 2, 3))
    await near.close()
    await until(() => closedWith >= 0)
    assert.equal(closedWith, 3)
  })
})
