import type { Connection } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { StunPorts } from '../../protocols/system/command-bodies.ts'
import type { IceServer, PeerPath } from '../../types.ts'

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

/** The IP address that an address begins with, if it does. */
export function ipAddressIn(address: Multiaddr): string | undefined {
  const [host] = address.getComponents()
  return host?.name === 'ip4' || host?.name === 'ip6' ? host.value : undefined
}

/** The STUN server on the host of an address, reached without a relay. With a name, IPv4 goes first. */
export function stunServerAt(address: Multiaddr, { ip4, ip6 }: StunPorts): IceServer[] {
  const [{ name, value: host } = { name: '' }] = address.getComponents()
  const port = name.endsWith('4') ? ip4 : name.endsWith('6') ? ip6 : (ip4 ?? ip6)
  return port === undefined || pathOf({ remoteAddr: address }) !== 'direct'
    ? []
    : [{ urls: `stun:${name === 'ip6' ? `[${host}]` : host}:${port}` }]
}

function namesIn(address: Multiaddr): string[] {
  return address.getComponents().map(({ name }) => name)
}
