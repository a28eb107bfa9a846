import { isLoopback, isPrivate, reliableTransportsFirst } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'

/** Where this machine is. */
export interface OwnNetworks {
  /** Whether an IP address is one of this machine, loopback not counted. */
  isOwn: (ip: string) => boolean
  /** Whether it is in a network that this machine is in. */
  isAround: (ip: string) => boolean
}

const NEAR = 0
const PUBLIC = 1
/** In a private network that this machine is not in, or on the loopback of another machine. */
const ELSEWHERE = 2
const LOOPBACK_ELSEWHERE = 3

/** The direct addresses of one peer, as they are dialled from here. */
export interface ReachableFirst {
  addresses: Multiaddr[]
  /** Whether the first one is likely to be reached at once: it is in a network around, or on this machine. */
  isNear: boolean
}

/**
 * Puts the direct addresses of a peer in the order in which they are likely to be reached from here: those of networks
 * around, public ones, those of other private networks, the loopback of other machines. Of a peer that names no other
 * host than loopback, or one that this machine has too, loopback is near.
 */
export function reachableFirst(addresses: readonly Multiaddr[], networks: OwnNetworks): ReachableFirst {
  const elsewhere = addresses.filter((address) => !isLoopback(address))
  const isSameMachine = elsewhere.length === 0 || elsewhere.some((address) => networks.isOwn(ipOf(address)))
  const reach = (address: Multiaddr): number => {
    if (isLoopback(address)) {
      return isSameMachine ? NEAR : LOOPBACK_ELSEWHERE
    }

    return networks.isAround(ipOf(address)) ? NEAR : isPrivate(address) ? ELSEWHERE : PUBLIC
  }
  const ranked = addresses.map((address) => ({ address, rank: reach(address) }))
  ranked.sort((a, b) => a.rank - b.rank || reliableTransportsFirst(a.address, b.address))
  return { addresses: ranked.map(({ address }) => address), isNear: ranked[0]?.rank === NEAR }
}

function ipOf(address: Multiaddr): string {
  return address.getComponents().find(({ name }) => name === 'ip4' || name === 'ip6')?.value ?? ''
}
