import type { Address } from '@libp2p/interface'
import {
  circuitRelayAddressesLast,
  isLoopback,
  isPrivate,
  loopbackAddressLast,
  publicAddressesFirst,
  reliableTransportsFirst
} from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { isCircuit } from './addresses.ts'

/**
 * Every direct address before every relayed one, each kind in the library's order. The library itself takes a circuit
 * through a public relay before a private address, so that two blocks of one network would talk through a relay.
 */
export function directAddressesFirst({ multiaddr: a }: Address, { multiaddr: b }: Address): -1 | 0 | 1 {
  return (
    circuitRelayAddressesLast(a, b) ||
    loopbackAddressLast(a, b) ||
    publicAddressesFirst(a, b) ||
    reliableTransportsFirst(a, b)
  )
}

/** The same the other way round. */
export function relayedAddressesFirst(one: Address, other: Address): -1 | 0 | 1 {
  return circuitRelayAddressesLast(other.multiaddr, one.multiaddr) || directAddressesFirst(one, other)
}

/**
 * Own addresses in the order in which others reach them most likely, as a lease names the first ones alone: public ones,
 * those through relays, those of a network around, and those of this machine.
 */
export function likeliestFirst(addresses: readonly Multiaddr[]): Multiaddr[] {
  return addresses.toSorted((one, other) => reachOf(one) - reachOf(other))
}

function reachOf(address: Multiaddr): number {
  if (isCircuit(address)) {
    return 1
  }

  return isLoopback(address) ? 3 : isPrivate(address) ? 2 : 0
}
