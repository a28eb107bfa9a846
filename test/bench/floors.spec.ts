import assert from 'node:assert/strict'
import { FLOORS, verdictsOf } from '../../bench/floors.ts'
import { ROWS } from '../../bench/rows.ts'
import { callsRow, kindOf } from './run.ts'

const reachedBy = (rate: number, lost = 0): string | undefined => {
  const row = callsRow([
    kindOf('nexus', [rate], lost),
    kindOf('nats', [100]),
    kindOf('moleculer', [300]),
    kindOf('tcp', [9_000])
  ])
  return verdictsOf([row]).find(({ measure, against }) => measure === 'rate' && against === 'best')?.reached
}

describe('floors', () => {
  it('are reached against the best peer, which a bare socket is not', () => {
    assert.equal(reachedBy(300 * 1.5), 'target')
    assert.equal(reachedBy(300 * 1.2), 'floor')
    assert.equal(reachedBy(300 * 1.19), 'nothing')
  })

  it('are not reached by what loses messages', () => {
    assert.equal(reachedBy(300 * 2, 1), 'nothing')
  })

  it('take less for better where a measure says so', () => {
    const p99 = verdictsOf([callsRow([kindOf('nexus', [1]), kindOf('nats', [1])])]).find(
      ({ measure }) => measure === 'p99'
    )
    assert.deepEqual([p99?.figure.value, p99?.reached], [1, 'target'])
  })

  it('say nothing about rows that were not measured', () => {
    assert.deepEqual(verdictsOf([]), [])
  })

  it('name rows, measures and kinds that there are', () => {
    for (const { row: name, measure, against } of FLOORS) {
      const row = ROWS.find((one) => one.name === name)
      assert.ok(
        row?.measures.some((one) => one.name === measure),
        `${name}, ${measure}`
      )
      assert.ok(against === undefined || against === 'best' || row?.kinds.includes(against), `${name}, ${against}`)
    }
  })
})
