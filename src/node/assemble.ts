import { defaultLogger } from '@libp2p/logger'
import { NexusError } from '../errors.ts'
import { Access } from '../protocols/access.ts'
import { Announcer } from '../protocols/announcer.ts'
import { ApiClient } from '../protocols/api.ts'
import { ApiServer } from '../protocols/api-server.ts'
import { Balancer } from '../protocols/balance.ts'
import { Channels } from '../protocols/channel.ts'
import { Directs } from '../protocols/direct.ts'
import { Finder } from '../protocols/finder.ts'
import { Prober } from '../protocols/prober.ts'
import { Providers } from '../protocols/providers.ts'
import { Routing } from '../protocols/routing.ts'
import type { SessionRouter } from '../protocols/sessions.ts'
import { TopicInterest } from '../protocols/topic-interest.ts'
import { WorkerSearch } from '../protocols/worker-search.ts'
import { identityOf } from '../protocols/verified-peers.ts'
import { Block } from './block.ts'
import { Bootstrap, parseAddresses } from './bootstrap.ts'
import { type Core, createCore } from './core.ts'
import type { ResolvedOptions } from './options.ts'
import { OwnCredential } from './own-credential.ts'
import type { Platform } from './transports.ts'

/** New connections a second from one host: everything behind one relay or NAT shares an address. */
const CONNECTIONS_PER_SECOND_PER_HOST = 500

const now = (): number => performance.now()

/** The composition root: makes a block of its parts, and starts nothing. */
export async function assembleBlock(options: ResolvedOptions, platform: Platform): Promise<Block> {
  const { bodyLimitBytes } = options
  const logger = options.logger ?? defaultLogger()
  const log = logger.forComponent('nexus:block')
  const clock = Date.now
  const bootstrapAddresses = parseAddresses('bootstrap', options.bootstrap)
  const listen = options.listen ?? platform.defaultListen(options)
  parseAddresses('listen', listen)
  parseAddresses('announce', options.announce)
  const credential = await OwnCredential.open({
    source: options.credential,
    readFile: platform.readCredentialFile,
    clock,
    log
  })
  const identity = identityOf(credential.certificate)
  const access = new Access({ self: identity, isPublic: options.public, verifier: credential.verifier })
  const apiServer = new ApiServer({ access, bodyLimitBytes, log: logger.forComponent('nexus:api') })

  const router: SessionRouter = {
    onRequest: (request, from) => apiServer.onRequest(request, from),
    onDirect: (direct, from) => directs.onArrival(direct, from),
    onGrant: (from, grant, issuerCertificate) => access.show(from, grant, issuerCertificate)
  }
  const core: Core = await createCore({
    ...options,
    credential,
    platform,
    listen,
    limits: { maxConnections: options.maxConnections, connectionsPerSecondPerHost: CONNECTIONS_PER_SECOND_PER_HOST },
    clock,
    logger,
    router,
    onLive: (entry) => prober.welcome(entry)
  })
  const { mesh, dialer, sessions, gossip, book, leases } = core
  const prober = new Prober({
    self: identity,
    book,
    isConnected: core.isConnected,
    connect: (peerId, signal) => dialer.connect(peerId, signal),
    log: logger.forComponent('nexus:find')
  })
  const providers = new Providers({
    network: identity.network,
    dht: mesh.libp2p.services.dht,
    log: logger.forComponent('nexus:find')
  })
  const search = new WorkerSearch({
    self: identity,
    book,
    providers,
    verify: async (peerId, signal) => {
      await dialer.connect(peerId, signal)
      const verified = mesh.verified.get(peerId)

      if (verified === undefined) {
        throw new NexusError('UNREACHABLE', `${peerId} is not verified`)
      }

      return verified.certificate
    },
    log: logger.forComponent('nexus:find')
  })
  const finder = new Finder({
    self: identity,
    isServing: () => identity.block === 'worker',
    book,
    leases,
    gossip,
    search,
    prober,
    peers: () => core.peers().map(({ peerId }) => peerId),
    now
  })
  const balancer = new Balancer({ now, random: Math.random })
  const routing = new Routing({
    self: identity,
    sessions,
    directory: finder,
    balancer,
    now,
    defaultTimeoutMs: options.timeoutMs
  })
  const directs = new Directs({
    self: identity,
    access,
    routing,
    bodyLimitBytes,
    log: logger.forComponent('nexus:direct')
  })
  const interest = new TopicInterest({
    gossip,
    system: core.system,
    peers: core.peers,
    log: logger.forComponent('nexus:channel')
  })
  const announcer =
    identity.block !== 'worker'
      ? undefined
      : new Announcer({
          privateKey: credential.privateKey,
          certificate: () => credential.certificate,
          isPublic: options.public,
          gossip,
          book,
          providers,
          addresses: () => mesh.libp2p.getMultiaddrs().map(String),
          load: () => sessions.inFlight,
          clock,
          log: logger.forComponent('nexus:find')
        })

  return new Block({
    ...core,
    credential,
    apiServer,
    apiClient: new ApiClient({ self: identity, routing, grants: () => credential.grants, bodyLimitBytes }),
    directs,
    finder,
    prober,
    announcer,
    bootstrap: new Bootstrap({
      addresses: bootstrapAddresses,
      libp2p: mesh.libp2p,
      dialer,
      circuit: mesh.circuit,
      reserve: options.reserve,
      onConnected: () => {
        announcer?.announce()
        finder.refreshAll()
      },
      log: logger.forComponent('nexus:bootstrap')
    }),
    interest,
    channels: new Channels({
      self: identity,
      gossip,
      interest,
      bodyLimitBytes,
      log: logger.forComponent('nexus:channel')
    })
  })
}
