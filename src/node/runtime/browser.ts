/** Transports of a page. */
import { noise } from '@libp2p/noise'
import { NOISE_PROTOCOL } from '../../constants.ts'
import type { NexusNotice } from '../../types.ts'
import { lateWebRtc } from '../libp2p/late-web-rtc.ts'
import type { Platform } from '../libp2p/platform.ts'
import { closingWebSockets } from '../libp2p/web-sockets.ts'
import { watchPage } from './page-life.browser.ts'
import { watchPagePolicy } from './page-policy.browser.ts'

const hasWebRtc = (): boolean => typeof globalThis.RTCPeerConnection === 'function'

export const browserPlatform: Platform = {
  transports: async ({ webrtc, iceServers }) => [
    closingWebSockets({ watch: watchPagePolicy }),
    ...(webrtc && hasWebRtc() ? lateWebRtc(async () => (await import('./webrtc.ts')).webRtcTransports(iceServers)) : [])
  ],
  encrypters: [{ protocol: NOISE_PROTOCOL, factory: noise() }],
  // Others reach a page by WebRTC alone, signalled through its relays.
  defaultListen: ({ webrtc }) => (webrtc && hasWebRtc() ? ['/webrtc'] : []),
  relayFirst: true,
  defaultWebRtc: true,
  notices: async () => [...(hasWebRtc() ? [] : [NO_WEBRTC]), ...((await hasEd25519()) ? [] : [NO_ED25519])],
  watchDevice: watchPage
}

const NO_WEBRTC: NexusNotice = {
  reason: 'NO_WEBRTC',
  message: 'this browser has no WebRTC: everything goes through the relay'
}
const NO_ED25519: NexusNotice = {
  reason: 'NO_ED25519',
  message: 'this browser has no Ed25519 in WebCrypto: signatures are made and checked in JavaScript'
}

async function hasEd25519(): Promise<boolean> {
  try {
    await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])
    return true
  } catch {
    return false
  }
}
