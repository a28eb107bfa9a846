import type { PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { requireMembers } from '../src/lib/require-members.ts'
import type { UserLimits } from '../src/protocols/peers/user-limits.ts'

/** What is used of the circuit server beside its interface. */
export const CIRCUIT_SERVER_MEMBERS = ['reservationStore.reserve', 'reservationStore.reservations.has']

/** What the circuit server has beside its interface. */
interface CircuitServer {
  reservationStore: {
    reserve: (peer: PeerId, address: Multiaddr, limit?: unknown) => { status: string; expire?: number }
    reservations: { has: (peer: PeerId) => boolean }
  }
}

/**
 * Holds each user to its share of a relay's reservations. Over it a member is refused with `PERMISSION_DENIED`: the
 * library itself says `RESERVATION_REFUSED` when the relay has none left for anybody. Throws `INVALID` when this version
 * of the library has another inside.
 */
export function limitReservations<S extends object>(server: S, users: UserLimits, maxReservations: number): S {
  requireMembers('@libp2p/circuit-relay-v2', server, CIRCUIT_SERVER_MEMBERS)
  const { reservationStore } = server as S & CircuitServer
  const { reservations } = reservationStore
  const reserve = reservationStore.reserve.bind(reservationStore)
  const peersOf = new Map<string, Map<string, PeerId>>()

  reservationStore.reserve = (peer, address, limit) => {
    const user = users.userOf(peer.toString())
    const peers = stillReserved(peersOf.get(user), reservations)

    if (!reservations.has(peer) && peers.size >= users.most(user, 'reservations', 1, maxReservations)) {
      return { status: 'PERMISSION_DENIED' }
    }

    const result = reserve(peer, address, limit)

    if (reservations.has(peer)) {
      peers.set(peer.toString(), peer)
    }

    if (peers.size > 0) {
      peersOf.set(user, peers)
    } else {
      peersOf.delete(user)
    }
    return result
  }

  return server
}

// They end by themselves, and when the member is gone.
function stillReserved(
  peers: Map<string, PeerId> | undefined,
  reservations: CircuitServer['reservationStore']['reservations']
): Map<string, PeerId> {
  return new Map([...(peers ?? [])].filter(([, peer]) => reservations.has(peer)))
}
