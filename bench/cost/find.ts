import type { Row } from '../row.ts'
import type { Found, Order } from './find-side.ts'

const SIDE = 'cost/find-side.ts'
const WORKERS = 20
/** Workers of one process. */
const A_PROCESS = 10

export const FIND_ROW: Row = {
  name: 'find',
  title: `find with ${WORKERS} workers at a relay: the first of a new caller, and those after it`,
  measures: [
    { name: 'first', unit: 'ms', better: 'less' },
    { name: 'warm p50', unit: 'ms', better: 'less' },
    { name: 'found at first', unit: 'workers', better: 'more' }
  ],
  kinds: ['nexus-relay'],
  async run(_kind, stage) {
    const network = await stage.start(SIDE).order<string>({ do: 'relay', workers: WORKERS } satisfies Order)

    for (let from = 0; from < WORKERS; from += A_PROCESS) {
      await stage.start(SIDE).order({ do: 'work', network, from, to: from + A_PROCESS } satisfies Order)
    }
    const { firstMs, warmMs, workers } = await stage.start(SIDE).order<Found>({ do: 'find', network } satisfies Order)
    return { values: { first: firstMs, 'warm p50': warmMs, 'found at first': workers } }
  }
}
