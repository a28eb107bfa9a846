import type { Libp2p } from '@libp2p/interface'
import { isDirectWebSocket } from '../src/node/libp2p/addresses.ts'
import type { StunPorts } from '../src/protocols/system/command-bodies.ts'
import type { SystemCalls } from '../src/protocols/system/system-calls.ts'
import type { Clock } from '../src/types.ts'
import type { ResolvedRelayOptions } from './options.ts'

export interface OfferInit {
  system: SystemCalls
  libp2p: Libp2p
  options: ResolvedRelayOptions
  clock: Clock
  /** Where STUN is answered now. */
  stun: () => StunPorts
}

/** Tells members what this relay has for them: the system command `$relay` (docs/PROTOCOL.md, "System commands"). */
export function serveOffer({ system, libp2p, options, clock, stun }: OfferInit): void {
  const { maxReservations, maxCircuitsPerPeer, maxTopicsPerPeer, circuitDurationMs, circuitBytes } = options
  const limits = {
    maxReservations,
    maxCircuitsPerPeer,
    maxTopicsPerPeer,
    ...(circuitDurationMs === undefined ? {} : { circuitDurationMs }),
    ...(circuitBytes === undefined ? {} : { circuitBytes })
  }
  system.serve('$relay', () => ({
    stun: { ...stun() },
    webSockets: libp2p.getMultiaddrs().filter(isDirectWebSocket).map(String),
    limits,
    time: clock()
  }))
}
