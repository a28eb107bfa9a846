import assert from 'node:assert/strict'
import { faultsOf, soakText } from '../../bench/soak/report.ts'
import { isFlat, type Point, slopeOf } from '../../bench/soak/slope.ts'
import { type SoakResult, soak } from '../../bench/soak/soak.ts'

/** An hour of samples with noise of 1 % both ways. */
function hourOf(growth: number): Point[] {
  return Array.from({ length: 60 }, (_, index) => {
    const at = index / 60
    return { at, value: 100 + growth * at + (index % 2 === 0 ? 1 : -1) }
  })
}

describe('the slope of memory', () => {
  it('is that of least squares', () => {
    const { mean, perHour, error } = slopeOf([0, 1, 2, 3].map((at) => ({ at, value: 10 + 2 * at })))
    assert.deepEqual([mean, perHour, error], [13, 2, 0])
  })

  it('is flat in noise, and not when it grows by a fifth in an hour', () => {
    assert.ok(isFlat(slopeOf(hourOf(0))))
    assert.ok(isFlat(slopeOf(hourOf(-50))))
    assert.ok(!isFlat(slopeOf(hourOf(20))))
  })
})

describe('the soak', () => {
  const flat = { mean: 100, perHour: 0, error: 1 }
  const resultOf = (perHour: number, counts: Record<string, number>): SoakResult => ({
    minutes: 30,
    churned: 1,
    processes: [{ process: 'relay', live: { ...flat, perHour }, rss: flat, counts }]
  })

  it('faults memory that grows, and calls that fail', () => {
    assert.deepEqual(faultsOf(resultOf(0, { 'call: done': 10_000, 'call: LOST': 5 })), [])
    assert.deepEqual(faultsOf(resultOf(50, {})), ['the memory of relay grows'])
    assert.deepEqual(faultsOf(resultOf(0, { 'call: done': 900, 'call: LOST': 100 })), ['100 of 1000 failed'])
  })

  it('runs a load while workers come and go', async function () {
    this.timeout(90_000)
    const result = await soak({ minutes: 0.25, churnMs: 4_000, onProgress: () => undefined })
    const counts = Object.assign({}, ...result.processes.map((one) => one.counts)) as Record<string, number>
    assert.ok(result.churned > 0, 'workers changed')

    for (const what of [
      'call: done',
      'large call: done',
      'direct: done',
      'message: done',
      'find: done',
      'messages delivered'
    ]) {
      assert.ok((counts[what] ?? 0) > 0, `${what}: ${JSON.stringify(counts)}`)
    }
    assert.ok(result.processes.every(({ live, rss }) => live.mean > 1 && rss.mean > live.mean))
    assert.match(soakText(result), /\| relay \| \d/)
  })
})
