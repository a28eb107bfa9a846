import type { KindResult, RowResult, Run } from '../../bench/result.ts'
import { P99, RATE } from '../../bench/row.ts'

/** A kind's rounds: rates, and a p99 of 2 ms each. */
export function kindOf(kind: string, rates: number[], lost = 0): KindResult {
  return { kind, rounds: rates.map((rate) => ({ rate, p99: 2 })), cpu: rates.map((_, index) => index + 1), lost }
}

export function callsRow(kinds: KindResult[], missing: string[] = []): RowResult {
  return { row: 'calls', title: 'calls', measures: [RATE, P99], kinds, missing, failed: [] }
}

export function runOf(results: RowResult[]): Run {
  const command = 'npm run bench'
  return {
    date: '2026-11-25T12:00:00Z',
    command,
    machine: ['a machine'],
    rounds: 3,
    seconds: 1,
    tookSeconds: 70,
    results
  }
}
