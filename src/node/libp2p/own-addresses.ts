import type { Libp2pEvents, Listener, TypedEventTarget } from '@libp2p/interface'
import { isPrivate } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { ipAddressIn, peerIdIn } from './addresses.ts'

interface OwnAddressesComponents {
  events: TypedEventTarget<Libp2pEvents>
  addressManager: { confirmObservedAddr: (address: Multiaddr, options: { type: 'transport'; ttl: number }) => void }
}

/**
 * Tells others the public addresses that this machine has itself. The library tells those that somebody has checked from
 * outside, so that a server with a public address would tell none.
 */
export function ownAddresses({ events, addressManager }: OwnAddressesComponents): object {
  events.addEventListener('transport:listening', ({ detail }: CustomEvent<Listener>) => {
    for (const address of detail.getAddrs()) {
      if (ipAddressIn(address) !== undefined && !isPrivate(address) && peerIdIn(address) === undefined) {
        addressManager.confirmObservedAddr(address, { type: 'transport', ttl: Number.MAX_SAFE_INTEGER })
      }
    }
  })
  return {}
}
