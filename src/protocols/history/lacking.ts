import { type AskedRange, keyOf } from './history-question.ts'
import { type Kept, numbersOf } from './kept-message.ts'

/**
 * What of the ranges is not among the kept messages. Of one without an end it is all, unless what is kept goes beyond its
 * start: whoever has taken part in the topic since then has what came, and who has not knows nothing of it.
 */
export function lacking(ranges: readonly AskedRange[], kept: readonly Kept[]): AskedRange[] {
  const batches = new Map<string, Array<{ start: number; end: number }>>()

  for (const one of kept) {
    const numbers = numbersOf(one)

    if (numbers !== undefined && numbers.count > 0) {
      const { key, first, count } = numbers
      const known = batches.get(key) ?? []
      known.push({ start: first, end: first + count })
      batches.set(key, known)
    }
  }
  return ranges.flatMap((range) => {
    const known = batches.get(keyOf(range.sender, range.epoch)) ?? []
    const goesOn = known.some(({ end }) => end > range.start)
    return range.end < Number.POSITIVE_INFINITY ? without(range, known) : goesOn ? [] : [range]
  })
}

function without(range: AskedRange, batches: Array<{ start: number; end: number }>): AskedRange[] {
  const left: AskedRange[] = []
  let { start } = range

  for (const batch of batches.toSorted((one, other) => one.start - other.start)) {
    if (batch.start > start) {
      left.push({ ...range, start, end: Math.min(batch.start, range.end) })
    }
    start = Math.max(start, batch.end)

    if (start >= range.end) {
      return left.filter((part) => part.start < part.end)
    }
  }
  return [...left, { ...range, start }].filter((part) => part.start < part.end)
}
