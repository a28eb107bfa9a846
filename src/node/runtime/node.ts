/** Transports of a Node block. The browser build takes `transports.browser.ts` in its place. */
import { networkInterfaces } from 'node:os'
import { tcp } from '@libp2p/tcp'
import { NOISE_PROTOCOL, TLS_PROTOCOL } from '../../constants.ts'
import { NexusError } from '../../errors.ts'
import { ProviderRecords } from '../../protocols/find/provider-records.ts'
import { networkDht } from '../libp2p/dht.ts'
import { sideBySideDials } from '../libp2p/dials/side-by-side.ts'
import { lateSignalled, type WebRtcFactories } from '../libp2p/late-web-rtc.ts'
import { lazyEncrypter } from '../libp2p/lazy-encrypter.ts'
import { ownAddresses } from '../libp2p/own-addresses.ts'
import type { Platform, TransportFactory, TransportsInit } from '../libp2p/platform.ts'
import { socketTls } from '../libp2p/tls/socket-tls.ts'
import { boundListener } from '../libp2p/web-socket-listener.ts'
import { closingWebSockets } from '../libp2p/web-sockets.ts'
import { onAllInterfaces } from './all-interfaces.ts'
import { readCredentialFile } from './credential-file.ts'
import { DataChannelUse, hasDataChannel } from './data-channel.ts'
import { deriveNodeKey } from './node-channel-key.ts'
import { ownNetworks } from './own-networks.ts'
import { withOwnPort } from './own-port.ts'
import { watchNodeWebSocket } from './websocket-failures.ts'

export const nodePlatform: Platform = {
  async transports({ webrtc, iceServers, tls, maxPendingPerHost }) {
    const sockets = closingWebSockets({
      watch: watchNodeWebSocket,
      tls,
      bound: (listener, maxConnections) => boundListener(listener, { maxConnections, maxPendingPerHost, tls })
    })
    const factories = [withOwnPort('@libp2p/tcp', tcp()), withOwnPort('@libp2p/websockets', sockets)]

    return [...factories, ...(await webRtc(webrtc, iceServers))]
  },
  // TLS first: between Node blocks it carries about one and a half times the calls that Noise does.
  encrypters: [
    { protocol: TLS_PROTOCOL, factory: socketTls() },
    // Of pages and devices, which many a block never meets.
    { protocol: NOISE_PROTOCOL, factory: lazyEncrypter('/noise', async () => (await import('@libp2p/noise')).noise()) }
  ],
  betterPathDelayMs: 500,
  dht: networkDht,
  dials: sideBySideDials(ownNetworks),
  ownAddresses,
  providerRecords: (init) => new ProviderRecords(init),
  readCredentialFile,
  deriveChannelKey: deriveNodeKey,
  defaultListen: ({ webrtc }) =>
    onAllInterfaces(['tcp/0', 'tcp/0/ws', ...(webrtc ? ['udp/0/webrtc-direct'] : [])], networkInterfaces())
}

// Loaded on demand: its native part is an optional dependency, and it takes some 300 ms to load.
async function webRtc(
  isWanted: boolean | undefined,
  iceServers: TransportsInit['iceServers']
): Promise<TransportFactory[]> {
  const use = new DataChannelUse()
  const load = (): Promise<WebRtcFactories> => loadWebRtc(use, iceServers)
  const signalled = lateSignalled(load, () => use.end())

  if (isWanted === undefined) {
    return hasDataChannel() ? [signalled] : []
  }

  return isWanted ? [signalled, (await load()).direct] : []
}

async function loadWebRtc(use: DataChannelUse, iceServers: TransportsInit['iceServers']): Promise<WebRtcFactories> {
  try {
    await use.begin()
    const { webRtcTransports } = await import('./webrtc.ts')
    return webRtcTransports(iceServers)
  } catch (error) {
    throw new NexusError('INVALID', 'webrtc needs the package node-datachannel: npm install node-datachannel', {
      cause: error
    })
  }
}
