import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { onAbort, waitUntilAborted } from '../../src/lib/abort.ts'

describe('a signal that aborts', () => {
  it('is told of once, at once when it has aborted, and never after the end', () => {
    let told = 0
    const listener = (): void => void told++
    const controller = new AbortController()
    onAbort(controller.signal, listener)
    const end = onAbort(controller.signal, () => assert.fail('told'))
    end()
    controller.abort()
    controller.abort()
    assert.equal(told, 1)
    onAbort(controller.signal, listener)
    assert.equal(told, 2)
    onAbort(undefined, listener)()
    assert.equal(told, 2)
  })

  it('ends a wait, as the promise does, whatever becomes of it; no listener is left', async () => {
    const controller = new AbortController()
    const { signal } = controller
    await waitUntilAborted(Promise.resolve(1), signal)
    await waitUntilAborted(Promise.reject(new Error('failed')), signal)
    assert.equal(getEventListeners(signal, 'abort').length, 0)
    const waiting = waitUntilAborted(new Promise(() => undefined), signal)
    controller.abort()
    await waiting
    await waitUntilAborted(new Promise(() => undefined), signal)
  })
})
