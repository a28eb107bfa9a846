import { markdownTable } from '../report/blocks.ts'
import { formatNumber, sum } from '../statistics.ts'
import { isFlat, type Slope } from './slope.ts'
import type { SoakResult } from './soak.ts'

/** Of what was asked: more than what goes with workers that leave. */
const MOST_FAILED = 0.001

export function soakText({ minutes, churned, processes }: SoakResult): string {
  const table = markdownTable(
    ['process', 'live memory, MB', 'its slope, MB an hour', 'RSS, MB', 'its slope, MB an hour', '', 'done'],
    processes.map(({ process, live, rss, counts }) => [
      process,
      formatNumber(live.mean),
      slopeText(live),
      formatNumber(rss.mean),
      slopeText(rss),
      isFlat(live) && isFlat(rss) ? 'flat' : '**grows**',
      countsText(counts)
    ])
  )
  return `${minutes} minutes, ${churned} workers gone and come. Slopes by least squares, with their standard error.\n\n${table}`
}

/** What is wrong with it, a sentence each. */
export function faultsOf({ processes }: SoakResult): string[] {
  const grown = processes.filter(({ live, rss }) => !isFlat(live) || !isFlat(rss))
  const asked = processes.flatMap(({ counts }) => Object.entries(counts)).filter(([what]) => what.includes(': '))
  const failed = sum(asked.filter(([what]) => !what.endsWith(': done')).map(([, count]) => count))
  const all = sum(asked.map(([, count]) => count))
  return [
    ...grown.map(({ process }) => `the memory of ${process} grows`),
    ...(failed <= all * MOST_FAILED ? [] : [`${failed} of ${all} failed`])
  ]
}

const countsText = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([what, count]) => `${what} ${count.toLocaleString('en')}`)
    .join(', ')

const slopeText = ({ perHour, error }: Slope): string => `${formatNumber(perHour)} ± ${formatNumber(error)}`
