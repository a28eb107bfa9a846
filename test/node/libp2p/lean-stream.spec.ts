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
