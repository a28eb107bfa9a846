/** Transports of a Node block. The browser build takes `transports.browser.ts` in its place. */
import type { ConnectionEncrypter, Transport } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { webSockets } from '@libp2p/websockets'
import { NOISE_PROTOCOL, TLS_PROTOCOL } from '../constants.ts'
import { NexusError } from '../errors.ts'
import type { Credential } from '../identity/credential.ts'
import { readCredentialFile } from './credential-file.ts'

/** A factory of a transport, given the components of its node. */
export type TransportFactory = (components: any) => Transport

/** A connection encrypter that the gate wraps, and the id of the wrapped one. */
export interface EncrypterChoice {
  protocol: string
  factory: (components: any) => ConnectionEncrypter
}

/** What a kind of program brings to reach others. */
export interface Platform {
  transports: (options: { webrtc: boolean }) => Promise<TransportFactory[]>
  /** In order of preference. */
  encrypters: EncrypterChoice[]
  /** Reads a credential file; absent where there are no files. */
  readCredentialFile?: (path: string) => Promise<Credential>
  /** Listen addresses when the options name none. */
  defaultListen: (options: { webrtc: boolean }) => string[]
}

export const nodePlatform: Platform = {
  async transports({ webrtc }) {
    const factories: TransportFactory[] = [tcp(), webSockets()]
    return webrtc ? [...factories, ...(await loadWebRtc())] : factories
  },
  // TLS first: between Node blocks it carries about one and a half times the calls that Noise does.
  encrypters: [
    { protocol: TLS_PROTOCOL, factory: tls() },
    { protocol: NOISE_PROTOCOL, factory: noise() }
  ],
  readCredentialFile,
  defaultListen: ({ webrtc }) => [
    '/ip4/0.0.0.0/tcp/0',
    '/ip4/0.0.0.0/tcp/0/ws',
    ...(webrtc ? ['/ip4/0.0.0.0/udp/0/webrtc-direct'] : [])
  ]
}

// Loaded on demand: it is an optional dependency and takes some 300 ms to load.
async function loadWebRtc(): Promise<TransportFactory[]> {
  try {
    const { webRTC, webRTCDirect } = await import('@libp2p/webrtc')
    return [webRTC({ rtcConfiguration: { iceServers: [] } }), webRTCDirect()]
  } catch (error) {
    throw new NexusError('INVALID', 'webrtc needs the package @libp2p/webrtc: npm install @libp2p/webrtc', {
      cause: error
    })
  }
}
