import type { Identity } from '../../types.ts'

/** Messages that were kept, as their sender numbered them. */
export interface KeptBatch<T> {
  from: Identity
  epoch: bigint
  /** The number of the first item. */
  first: number
  items: T[]
  /** When it was sent, by its sender's clock (ms since 1970). */
  time: number
}

/** A message to be delivered. */
export interface ReplayedItem<T> {
  from: Identity
  seq: number
  item: T
}

/** What of one epoch of a sender is delivered. */
export interface ReplayedEpoch {
  from: Identity
  epoch: bigint
  /** The lowest number. */
  start: number
  /** Above the highest number. */
  end: number
  /** How many between are missing. */
  missing: number
}

export interface ReplayPlan<T> {
  items: Array<ReplayedItem<T>>
  epochs: ReplayedEpoch[]
}

interface Entry<T> extends ReplayedItem<T> {
  epoch: bigint
  /** Never before that of a lower number, so that sorting by it keeps each sender's order. */
  at: number
}

/**
 * Puts kept messages into one order: by the time at which they were sent, each sender's by their numbers, each once.
 *
 * @param last of all of them so many, the newest. Default all
 */
export function planReplay<T>(batches: ReadonlyArray<KeptBatch<T>>, last = Number.POSITIVE_INFINITY): ReplayPlan<T> {
  const byEpoch = new Map<string, Array<KeptBatch<T>>>()

  for (const batch of batches) {
    const key = `${batch.from.peerId} ${batch.epoch}`
    byEpoch.set(key, [...(byEpoch.get(key) ?? []), batch])
  }

  const all = [...byEpoch.values()].flatMap((ofOne) => entriesOf(ofOne)).sort((one, other) => one.at - other.at)
  const entries = last < all.length ? all.slice(all.length - last) : all
  return { items: entries, epochs: epochsOf(entries) }
}

function entriesOf<T>(batches: Array<KeptBatch<T>>): Array<Entry<T>> {
  const entries: Array<Entry<T>> = []
  let next = 0
  let at = Number.NEGATIVE_INFINITY

  for (const { from, epoch, first, items, time } of batches.toSorted((one, other) => one.first - other.first)) {
    at = Math.max(at, time)

    for (let seq = Math.max(first, next); seq < first + items.length; seq++) {
      entries.push({ from, epoch, seq, item: items[seq - first] as T, at })
    }
    next = Math.max(next, first + items.length)
  }
  return entries
}

function epochsOf<T>(entries: ReadonlyArray<Entry<T>>): ReplayedEpoch[] {
  const epochs = new Map<string, ReplayedEpoch>()

  for (const { from, epoch, seq } of entries) {
    const key = `${from.peerId} ${epoch}`
    const known = epochs.get(key) ?? { from, epoch, start: seq, end: seq, missing: 0 }
    known.missing += seq - known.end
    known.end = seq + 1
    epochs.set(key, known)
  }
  return [...epochs.values()]
}
