/**
 * The WebRTC transports. In the published package this file has `@libp2p/webrtc` bundled in (scripts/build.ts): as a
 * dependency it would bring react-native to everybody who installs it. In Node it needs `node-datachannel`.
 */
import { webRTC, webRTCDirect } from '@libp2p/webrtc'
import type { TransportFactory } from '../libp2p/platform.ts'

/** WebRTC (signalled through a circuit) and WebRTC-Direct, without any STUN or TURN server. */
export function webRtcTransports(): TransportFactory[] {
  return [webRTC({ rtcConfiguration: { iceServers: [] } }), webRTCDirect()]
}
