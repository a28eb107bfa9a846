import assert from 'node:assert/strict'
import { compare } from '../../bench/compare.ts'
import { MissingPeer } from '../../bench/peers/install.ts'
import { RATE, type Row } from '../../bench/row.ts'

const row = (run: (kind: string) => number): Row => ({
  name: 'calls',
  title: 'calls',
  measures: [RATE],
  kinds: ['nexus', 'nats'],
  run: async (kind) => ({ values: { rate: run(kind) }, operations: 200, cpuMs: 10 })
})

describe('a row of the bench', () => {
  it('measures its kinds in turn', async () => {
    const order: string[] = []
    await compare(
      row(() => 1),
      { rounds: 2, seconds: 1, onMeasure: (_row, kind) => order.push(kind) }
    )
    assert.deepEqual(order, ['nexus', 'nats', 'nexus', 'nats'])
  })

  it('tells processor time for 100,000 operations', async () => {
    const { kinds } = await compare(
      row(() => 1),
      { rounds: 2, seconds: 1, onMeasure: () => undefined }
    )
    assert.deepEqual(kinds[0]?.cpu, [5, 5])
  })

  it('names a missing peer, and goes on without it', async () => {
    const run = (kind: string): number => {
      if (kind === 'nats') {
        throw new MissingPeer('nats-server is missing: apt-get install nats-server')
      }
      return 1
    }
    const result = await compare(row(run), { rounds: 2, seconds: 1, onMeasure: () => undefined })
    assert.deepEqual(result.missing, ['nats: nats-server is missing: apt-get install nats-server'])
    assert.deepEqual(
      result.kinds.map(({ kind, rounds }) => [kind, rounds.length]),
      [['nexus', 2]]
    )
  })

  it('goes on without a kind that fails, and says how it failed', async () => {
    const run = (kind: string): number => {
      if (kind === 'nexus') {
        throw new Error('it broke')
      }
      return 1
    }
    const { kinds, failed } = await compare(row(run), { rounds: 2, seconds: 1, onMeasure: () => undefined })
    assert.deepEqual([kinds.map(({ kind }) => kind), failed], [['nats'], ['nexus: it broke']])
  })
})
