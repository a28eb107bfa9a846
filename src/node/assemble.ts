import { defaultLogger } from '@libp2p/logger'
import { NexusError } from '../errors.ts'
import type { Clock, NexusNotice } from '../types.ts'
import { Access } from '../protocols/access.ts'
import { Announcer } from '../protocols/announcer.ts'
import { ApiClient } from '../protocols/api.ts'
import { ApiServer } from '../protocols/api-server.ts'
import { Balancer } from '../protocols/balance.ts'
import { Channels } from '../protocols/channel.ts'
import { Directs } from '../protocols/direct.ts'
import { Finder } from '../protocols/finder.ts'
import { Prober } from '../protocols/prober.ts'
import { DelegatedProviders } from '../protocols/provider-delegation.ts'
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
import { factsOf, StatusBoard } from './status.ts'
import { Paths } from './paths.ts'
import type { Platform } from './platform.ts'

/** New connections a second from one host: everything behind one relay or NAT shares an address. */
const CONNECTIONS_PER_SECOND_PER_HOST = 500

const now = (): number => performance.now()

/** What whoever makes a block knows of the runtime beside the options. */
export interface BlockExtras {
  /** Shown in the status. */
  notices?: readonly NexusNotice[]
  /** By which certificates are checked. Default `Date.now`. */
  clock?: Clock
}

/** The composition root: makes a block of its parts, and starts nothing. */
export async function assembleBlock(
  options: ResolvedOptions,
  platform: Platform,
  extras: BlockExtras = {}
): Promise<Block> {
  const { bodyLimitBytes } = options
  const logger = options.logger ?? defaultLogger()
  const log = logger.forComponent('nexus:block')
  const clock = extras.clock ?? Date.now
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
  const findLog = logger.forComponent('nexus:find')
  const prober = new Prober({
    self: identity,
    book,
    isConnected: core.isConnected,
    connect: (peerId, signal) => dialer.connect(peerId, signal),
    log: findLog
  })
  const { dht } = mesh.libp2p.services
  const providers = dht && new Providers({ network: identity.network, dht, log: findLog })
  const relays = (): string[] => core.peers().flatMap(({ block, peerId }) => (block === 'relay' ? [peerId] : []))
  const search = new WorkerSearch({
    self: identity,
    book,
    providers: providers ?? new DelegatedProviders({ system: core.system, relays, log: findLog }),
    verify: async (peerId, signal) => {
      await dialer.connect(peerId, signal)
      const verified = mesh.verified.get(peerId)

      if (verified === undefined) {
        throw new NexusError('UNREACHABLE', `${peerId} is not verified`)
      }

      return verified.certificate
    },
    log: findLog
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
    joined: (signal) => bootstrap.joined(signal),
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
  const paths = new Paths({
    self: identity.peerId,
    libp2p: mesh.libp2p,
    dialer,
    relayFirst: platform.relayFirst === true,
    isRelay: (peerId) => mesh.verified.get(peerId)?.identity.block === 'relay',
    move: (peerId) => sessions.move(peerId),
    log: logger.forComponent('nexus:paths')
  })
  const interest = new TopicInterest({
    gossip,
    system: core.system,
    peers: core.peers,
    ...(options.webrtc ? { onNeighbours: (peerIds: readonly string[]) => paths.meet(peerIds) } : {}),
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
          log: findLog
        })

  const status = new StatusBoard({
    clock,
    notices: [...((await platform.notices?.()) ?? []), ...(extras.notices ?? [])],
    onHandlerError: (error) => log.error('a handler of the status threw: %e', error)
  })
  status.report({ joined: bootstrapAddresses.length === 0 })

  const bootstrap = new Bootstrap({
    addresses: bootstrapAddresses,
    libp2p: mesh.libp2p,
    dialer,
    circuit: mesh.circuit,
    reserve: options.reserve,
    onConnected: () => {
      announcer?.announce()
      finder.refreshAll()
    },
    onChange: (entrances) => status.report(factsOf(entrances)),
    log: logger.forComponent('nexus:bootstrap')
  })

  return new Block({
    ...core,
    credential,
    status,
    paths,
    watchDevice: platform.watchDevice,
    apiServer,
    apiClient: new ApiClient({ self: identity, routing, grants: () => credential.grants, bodyLimitBytes }),
    directs,
    finder,
    prober,
    announcer,
    bootstrap,
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
