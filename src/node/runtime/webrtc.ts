/** The WebRTC transports. In Node they need `node-datachannel`. */
import { webRTC, webRTCDirect } from '@libp2p/webrtc'
import type { TransportFactory } from '../libp2p/platform.ts'

/** WebRTC (signalled through a circuit) and WebRTC-Direct, without any STUN or TURN server. */
export function webRtcTransports(): TransportFactory[] {
  return [webRTC({ rtcConfiguration: { iceServers: [] } }), webRTCDirect()]
}
