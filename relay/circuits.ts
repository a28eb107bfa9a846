import { type CircuitRelayServerInit, type CircuitRelayService, circuitRelayServer } from '@libp2p/circuit-relay-v2'
import type { PeerId } from '@libp2p/interface'
import type { ServiceFactoryMap } from 'libp2p'
import { MAX_TIMER_MS } from '../src/constants.ts'
import type { UserLimits } from '../src/protocols/peers/user-limits.ts'
import type { ResolvedRelayOptions } from './options.ts'
import { limitReservations } from './user-reservations.ts'

/**
 * How long a reservation stands. The member renews it 5 minutes before, and one whose end was not noticed here keeps
 * its place for no longer.
 */
const RESERVATION_MS = 30 * 60_000

/** The relay's circuit server, as a service of its node. */
export function circuitService(options: ResolvedRelayOptions, users: UserLimits): ServiceFactoryMap {
  const factory = circuitRelayServer(circuitInit(options))
  return {
    circuitRelay: (components: Parameters<typeof factory>[0]) =>
      limitReservations(factory(components), users, options.maxReservations)
  }
}

/** Members that are reached through this relay now. */
export function countReservations(services: Record<string, unknown>): number {
  return reservationsOf(services).size
}

/** Gives the place of a member that is gone to others, which the library does when the reservation ends by itself. */
export function endReservation(services: Record<string, unknown>, member: PeerId): void {
  const reservations = reservationsOf(services)
  // Else its timer would end the next reservation of this member.
  reservations.get(member)?.signal.clear()
  reservations.delete(member)
}

function circuitInit(options: ResolvedRelayOptions): CircuitRelayServerInit {
  const { maxReservations, maxCircuitsPerPeer, circuitDurationMs, circuitBytes } = options
  return {
    // Of one connection; the gate counts all of a member's.
    maxInboundHopStreams: maxCircuitsPerPeer,
    maxOutboundHopStreams: maxCircuitsPerPeer,
    reservations: {
      maxReservations,
      reservationTtl: RESERVATION_MS,
      // With a limit in force the library treats a circuit as a poor connection, so there is none unless it is asked
      // for.
      applyDefaultLimit: circuitDurationMs !== undefined || circuitBytes !== undefined,
      defaultDurationLimit: circuitDurationMs ?? MAX_TIMER_MS,
      defaultDataLimit: BigInt(circuitBytes ?? Number.MAX_SAFE_INTEGER)
    }
  }
}

function reservationsOf(services: Record<string, unknown>): CircuitRelayService['reservations'] {
  return (services.circuitRelay as CircuitRelayService).reservations
}
