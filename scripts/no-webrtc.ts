/** In place of `@libp2p/webrtc` where it is left out. */
export function webRTC(): never {
  throw new Error('this build has no WebRTC')
}

export const webRTCDirect = webRTC
