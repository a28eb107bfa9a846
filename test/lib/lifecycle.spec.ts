import assert from 'node:assert/strict'
import { raceSignal } from 'race-signal'
import { Lifecycle, type Part } from '../../src/lib/lifecycle.ts'
import { assertCode } from '../support/calls.ts'

const GRACE_MS = 60_000

describe('lifecycle', () => {
  let told: string[]

  beforeEach(() => {
    told = []
  })

  const part = (name: string, more: Part = {}): Part => ({
    start: async () => {
      await Promise.resolve()
      told.push(`start ${name}`)
      await more.start?.()
    },
    stop: async (grace) => {
      await Promise.resolve()
      told.push(`stop ${name}`)
      await more.stop?.(grace)
    }
  })

  it('starts parts one after the other, and stops them in the opposite order', async () => {
    const lifecycle = new Lifecycle([part('a'), {}, part('b')], GRACE_MS)
    await lifecycle.start()
    await lifecycle.stop()
    assert.deepEqual(told, ['start a', 'start b', 'stop b', 'stop a'])
  })

  it('gives all parts one grace, as long as the caller says', async () => {
    const graces = new Set<AbortSignal>()
    const untilOver: Part = {
      stop: async (grace) => {
        graces.add(grace)
        await raceSignal(new Promise(() => undefined), grace).catch(() => undefined)
      }
    }
    await new Lifecycle([untilOver, untilOver], GRACE_MS).stop(10)
    assert.equal(graces.size, 1)
  })

  it('starts no further part when one fails, and stops all the same those that were not started', async () => {
    const fail = (): never => {
      throw new Error('the port is taken')
    }
    const lifecycle = new Lifecycle([part('a'), part('b', { start: fail }), part('c')], GRACE_MS)
    await assert.rejects(lifecycle.start(), /the port is taken/)
    await lifecycle.stop()
    assert.deepEqual(told, ['start a', 'start b', 'stop c', 'stop b', 'stop a'])
  })

  it('starts no further part once it is stopped, and does not wait for one that never ends to start', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const lifecycle = new Lifecycle([part('a', { start: () => promise, stop: () => resolve() }), part('b')], GRACE_MS)
    const starting = assertCode('STOPPED', () => lifecycle.start())
    await lifecycle.stop()
    await starting
    assert.deepEqual(told, ['start a', 'stop b', 'stop a'])
  })

  it('stops once, and says from then on that it is stopped', async () => {
    const lifecycle = new Lifecycle([part('a')], GRACE_MS)
    lifecycle.checkRunning()
    assert.equal(lifecycle.isStopping, false)
    assert.equal(lifecycle.stop(), lifecycle.stop())
    assert.equal(lifecycle.isStopping, true)
    await assertCode('STOPPED', async () => lifecycle.checkRunning())
    await lifecycle.stop()
    assert.deepEqual(told, ['stop a'])
  })

  it('stops the rest when one fails to stop, and then says so', async () => {
    const fail = (): never => {
      throw new Error('the disk is full')
    }
    const lifecycle = new Lifecycle([part('a'), part('b', { stop: fail })], GRACE_MS)
    await assert.rejects(lifecycle.stop(), /the disk is full/)
    assert.deepEqual(told, ['stop b', 'stop a'])
  })
})
