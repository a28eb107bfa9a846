import assert from 'node:assert/strict'
import { Lifecycle, type Part } from '../../src/lib/lifecycle.ts'
import { assertCode } from '../support/calls.ts'

const GRACE_MS = 7

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
    stop: async (graceMs) => {
      await Promise.resolve()
      told.push(`stop ${name} ${graceMs}`)
      await more.stop?.(graceMs)
    }
  })

  it('starts parts one after the other, and stops them in the opposite order', async () => {
    const lifecycle = new Lifecycle([part('a'), {}, part('b')], GRACE_MS)
    await lifecycle.start()
    await lifecycle.stop()
    assert.deepEqual(told, ['start a', 'start b', 'stop b 7', 'stop a 7'])
  })

  it('passes the grace on that the caller gives', async () => {
    await new Lifecycle([part('a')], GRACE_MS).stop(500)
    assert.deepEqual(told, ['stop a 500'])
  })

  it('starts no further part when one fails, and stops all the same those that were not started', async () => {
    const fail = (): never => {
      throw new Error('the port is taken')
    }
    const lifecycle = new Lifecycle([part('a'), part('b', { start: fail }), part('c')], GRACE_MS)
    await assert.rejects(lifecycle.start(), /the port is taken/)
    await lifecycle.stop()
    assert.deepEqual(told, ['start a', 'start b', 'stop c 7', 'stop b 7', 'stop a 7'])
  })

  it('starts no further part once it is stopped, and does not wait for one that never ends to start', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const lifecycle = new Lifecycle([part('a', { start: () => promise, stop: () => resolve() }), part('b')], GRACE_MS)
    const starting = assertCode('STOPPED', () => lifecycle.start())
    await lifecycle.stop()
    await starting
    assert.deepEqual(told, ['start a', 'stop b 7', 'stop a 7'])
  })

  it('stops once, and says from then on that it is stopped', async () => {
    const lifecycle = new Lifecycle([part('a')], GRACE_MS)
    lifecycle.checkRunning()
    assert.equal(lifecycle.isStopping, false)
    assert.equal(lifecycle.stop(), lifecycle.stop())
    assert.equal(lifecycle.isStopping, true)
    await assertCode('STOPPED', async () => lifecycle.checkRunning())
    await lifecycle.stop()
    assert.deepEqual(told, ['stop a 7'])
  })

  it('stops the rest when one fails to stop, and then says so', async () => {
    const fail = (): never => {
      throw new Error('the disk is full')
    }
    const lifecycle = new Lifecycle([part('a'), part('b', { stop: fail })], GRACE_MS)
    await assert.rejects(lifecycle.stop(), /the disk is full/)
    assert.deepEqual(told, ['stop b 7', 'stop a 7'])
  })
})
