import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { anyOf } from '../../src/lib/abort.ts'
import { collectGarbage } from '../support/collect-garbage.ts'

const SRC = join(import.meta.dirname, '../../src')
const LONG_MS = 60_000

describe('any of signals', () => {
  it('aborts with the first of them, with its reason', () => {
    const [first, second] = [new AbortController(), new AbortController()]
    const nested = anyOf([anyOf([first.signal, AbortSignal.timeout(LONG_MS)]), second.signal])
    first.abort(new Error('first'))
    second.abort(new Error('second'))
    assert.equal(nested.reason.message, 'first')
    assert.ok(anyOf([first.signal]).aborted)
  })

  it('leaves nothing behind when one is made of another', async () => {
    const lasting = new AbortController()
    const made = Array.from({ length: 5 }, () => {
      const inner = anyOf([lasting.signal, AbortSignal.timeout(LONG_MS)])
      const outer = anyOf([inner, AbortSignal.timeout(LONG_MS)])
      return [new WeakRef(inner), new WeakRef(outer)]
    })
    // What a reference looked at is kept until the turn ends.
    await new Promise(setImmediate)
    collectGarbage()
    assert.equal(made.flat().filter((signal) => signal.deref() !== undefined).length, 0)
  })

  it('aborts with its time-out though only a listener is left', async () => {
    const lasting = new AbortController()
    const late = new Promise((resolve) => {
      anyOf([anyOf([lasting.signal, AbortSignal.timeout(50)])]).addEventListener('abort', resolve)
    })
    collectGarbage()
    await late
  })

  it('is what the library uses', () => {
    const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
    const using = files.filter((file) => readFileSync(join(SRC, file), 'utf8').includes('AbortSignal.any('))
    assert.deepEqual(using, [join('lib', 'abort.ts')])
  })
})
