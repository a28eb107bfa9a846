import type { Connection } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { PeerPath } from '../../types.ts'

/** How a connection gets to its peer. */
export function pathOf({ remoteAddr }: Pick<Connection, 'remoteAddr'>): PeerPath['path'] {
  // The address of WebRTC names the circuit through which it was signalled.
  if (isWebRtc(remoteAddr)) {
    return 'webrtc'
  }

  return namesIn(remoteAddr).includes('p2p-circuit') ? 'relay' : 'direct'
}

/** Whether an address is one of WebRTC, signalled through a circuit or direct. */
export function isWebRtc(address: Multiaddr): boolean {
  return namesIn(address).includes('webrtc') || isWebRtcDirect(address)
}

export function isWebRtcDirect(address: Multiaddr): boolean {
  return namesIn(address).includes('webrtc-direct')
}

/** Whether an address leads through a relay, and not on to WebRTC. */
export function isCircuit(address: Multiaddr): boolean {
  return namesIn(address).includes('p2p-circuit') && !isWebRtc(address)
}

/** Whether an address is one of a WebSocket listener, reached without a relay. */
export function isDirectWebSocket(address: Multiaddr): boolean {
  const names = namesIn(address)
  return (names.includes('ws') || names.includes('wss')) && !names.includes('p2p-circuit')
}

/** Whether an address is one of a WebSocket over TLS, in either spelling. */
export function isSecureWebSocket(address: Multiaddr): boolean {
  const names = namesIn(address)
  return isDirectWebSocket(address) && (names.includes('wss') || names.includes('tls'))
}

/** The peer id that an address ends in, if it does. */
export function peerIdIn(address: Multiaddr): string | undefined {
  return address.getComponents().findLast(({ name }) => name === 'p2p')?.value
}

function namesIn(address: Multiaddr): string[] {
  return address.getComponents().map(({ name }) => name)
}
