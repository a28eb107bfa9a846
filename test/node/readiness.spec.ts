import assert from 'node:assert/strict'
import { Readiness } from '../../src/node/readiness.ts'
import { until } from '../support/until.ts'

describe('readiness of a worker', () => {
  let told: string[]
  let readiness: Readiness

  const create = (readyAfterMs: number): Readiness =>
    new Readiness({
      announcer: {
        start: () => void told.push('start'),
        hurry: () => void told.push('hurry'),
        announce: () => void told.push('announce'),
        stop: async () => void told.push('stop')
      },
      readyAfterMs
    })

  beforeEach(() => {
    told = []
    readiness = create(600_000)
  })

  afterEach(() => readiness.stop())

  it('has it announced when it is ready, once', () => {
    readiness.start()
    assert.deepEqual(told, [])
    readiness.ready()
    readiness.ready()
    assert.deepEqual(told, ['start'])
  })

  it('has it announced at its start when it was ready before, and no earlier', () => {
    readiness.ready()
    assert.deepEqual(told, [])
    readiness.start()
    assert.deepEqual(told, ['start'])
  })

  it('has it announced a while after its start when nothing came', async () => {
    readiness = create(10)
    readiness.start()
    assert.deepEqual(told, [])
    await until(() => told.length > 0, 'the announcement')
    assert.deepEqual(told, ['start'])
  })

  it('tells nothing to a relay that was connected before', () => {
    readiness.start()
    readiness.announce()
    assert.deepEqual(told, [])
    readiness.ready()
    readiness.announce()
    assert.deepEqual(told, ['start', 'announce'])
  })

  it('says goodbye only when it was announced, and nothing after its stop', async () => {
    readiness.start()
    await readiness.stop()
    readiness.ready()
    assert.deepEqual(told, [])
    readiness = create(600_000)
    readiness.start()
    readiness.ready()
    await readiness.stop()
    assert.deepEqual(told, ['start', 'stop'])
  })
})
