import type { Multiaddr } from '@multiformats/multiaddr'

export interface DialWavesInit {
  /** The likeliest first. */
  direct: readonly Multiaddr[]
  /** Through relays, the likeliest first. */
  relayed: readonly Multiaddr[]
  /** A direct address will most likely do: the first relay is tried one wave later. */
  isNear: boolean
}

/**
 * Which addresses of a peer are dialled together, one group after the other: one direct address, then three times as many
 * each time; the first relay at once, all others after it. So the 32 addresses of a lease make four groups.
 */
export function dialWaves({ direct, relayed, isNear }: DialWavesInit): Multiaddr[][] {
  const waves: Multiaddr[][] = []

  for (let from = 0, size = 1; from < direct.length; from += size, size *= 3) {
    waves.push(direct.slice(from, from + size))
  }

  const first = isNear && waves.length > 0 ? 1 : 0

  for (const [index, addresses] of [relayed.slice(0, 1), relayed.slice(1)].entries()) {
    if (addresses.length > 0) {
      waves[first + index] = [...(waves[first + index] ?? []), ...addresses]
    }
  }

  return waves
}
