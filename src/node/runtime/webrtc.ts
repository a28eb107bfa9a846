/** The WebRTC transports. In Node they need `node-datachannel`. */
import { webRTC, webRTCDirect } from '@libp2p/webrtc'
import type { WebRtcFactories } from '../libp2p/late-web-rtc.ts'
import type { TransportsInit } from '../libp2p/platform.ts'

/**
 * WebRTC (signalled through a circuit) and WebRTC-Direct. Both are told which servers to ask: the library would ask
 * public ones of Google and others.
 */
export function webRtcTransports(iceServers: TransportsInit['iceServers']): WebRtcFactories {
  const rtcConfiguration = async (): Promise<RTCConfiguration> => ({ iceServers: [...(await iceServers())] })
  return { signalled: webRTC({ rtcConfiguration }), direct: webRTCDirect({ rtcConfiguration }) }
}
