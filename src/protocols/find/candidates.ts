import type { LeaseEntry } from './lease-book.ts'

/** Workers of one app that a block connects to: candidates for its calls, whose death it notices at once. */
const MAX_CANDIDATES = 32

/** Whether a block has too few candidates among the live workers of an app. */
export function lacksCandidates(live: readonly LeaseEntry[], isCandidate: (peerId: string) => boolean): boolean {
  let candidates = 0

  if (live.length <= MAX_CANDIDATES) {
    return true
  }

  for (const { worker } of live) {
    candidates += isCandidate(worker.peerId) ? 1 : 0

    if (candidates === MAX_CANDIDATES) {
      return false
    }
  }
  return true
}

/** By chance: were all callers to begin with the same ones, these would have all of the calls. */
export function byChance<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, chance: random() }))
    .sort((one, other) => one.chance - other.chance)
    .map(({ item }) => item)
}
