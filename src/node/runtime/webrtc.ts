/** The WebRTC transports. In Node they need `node-datachannel`. */
import { webRTC, webRTCDirect } from '@libp2p/webrtc'
import type { IceServer } from '../../types.ts'
import type { TransportFactory } from '../libp2p/platform.ts'

/**
 * WebRTC (signalled through a circuit) and WebRTC-Direct. Both are told which servers to ask, none by default: the
 * library would ask public ones of Google and others.
 */
export function webRtcTransports(iceServers: readonly IceServer[] = []): {
  signalled: TransportFactory
  direct: TransportFactory
} {
  const rtcConfiguration = (): RTCConfiguration => ({ iceServers: [...iceServers] })
  return { signalled: webRTC({ rtcConfiguration }), direct: webRTCDirect({ rtcConfiguration }) }
}
