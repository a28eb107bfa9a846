import type { IdentifyResult, Libp2p } from '@libp2p/interface'
import { isPrivate } from '@libp2p/utils'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { SIGNALING_PROTOCOL } from '../../constants.ts'
import { isCircuit, isDirectWebSocket, isWebRtc, isWebRtcDirect, peerIdIn } from '../libp2p/addresses.ts'

/** Addresses of TCP that are tried, and which a firewall may swallow. */
const MAX_TCP = 2

export interface BetterAddressesInit {
  self: string
  libp2p: Pick<Libp2p, 'getMultiaddrs' | 'getProtocols'>
  /** Whether addresses of WebSocket listeners were not tried before the relay. */
  relayFirst: boolean
}

/**
 * Where a peer that was reached through a relay may be reached without, by what it has told: the way back to who has
 * called is among them, from behind a router that lets nobody in.
 */
export function betterAddresses(
  init: BetterAddressesInit,
  { connection, protocols, listenAddrs }: Pick<IdentifyResult, 'connection' | 'protocols' | 'listenAddrs'>
): Multiaddr[] {
  const peerId = connection.remotePeer.toString()
  // They come without the peer id.
  const told = listenAddrs.map((address) =>
    peerIdIn(address) === undefined ? address.encapsulate(`/p2p/${peerId}`) : address
  )
  const sockets = init.relayFirst ? told.filter(isDirectWebSocket) : told.filter(isPublicTcp).slice(0, MAX_TCP)
  const circuit = connection.remoteAddr.toString().replace(/\/p2p-circuit.*$/, '/p2p-circuit')
  const signalled = protocols.includes(SIGNALING_PROTOCOL) ? [multiaddr(`${circuit}/webrtc/p2p/${peerId}`)] : []
  return [...sockets, ...webRtcAddresses(init, peerId, told.filter(isWebRtcDirect), signalled)]
}

// Of two who could dial, the one with the smaller peer id does; one with an address of its own is dialled.
function webRtcAddresses(
  { self, libp2p }: BetterAddressesInit,
  peerId: string,
  direct: Multiaddr[],
  signalled: Multiaddr[]
): Multiaddr[] {
  const hasDirect = direct.length > 0
  const ownDirect = libp2p.getMultiaddrs().some(isWebRtcDirect)
  const dials = hasDirect === ownDirect ? self < peerId : hasDirect
  return dials && libp2p.getProtocols().includes(SIGNALING_PROTOCOL) ? [...direct, ...signalled] : []
}

function isPublicTcp(address: Multiaddr): boolean {
  const isTcp = address.getComponents()[1]?.name === 'tcp'
  return isTcp && !isCircuit(address) && !isWebRtc(address) && !isDirectWebSocket(address) && !isPrivate(address)
}
