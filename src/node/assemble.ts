import type { ComponentLogger } from '@libp2p/interface'
import { defaultLogger } from '@libp2p/logger'
import { identityOf } from '../identity/certificate.ts'
import { Access } from '../protocols/call/access.ts'
import { ApiServer } from '../protocols/call/api-server.ts'
import { Channels } from '../protocols/channel/channels.ts'
import type { SessionRouter } from '../protocols/session/session-table.ts'
import { TopicInterest } from '../protocols/subscription/topic-interest.ts'
import type { Clock, NexusNotice } from '../types.ts'
import { assembleCalls } from './assemble-calls.ts'
import { assembleFind } from './assemble-find.ts'
import { Block } from './block.ts'
import { Bootstrap, parseAddresses } from './connect/bootstrap.ts'
import { PathUpgrader } from './connect/path-upgrader.ts'
import type { Platform } from './libp2p/platform.ts'
import { createMember, type Member } from './member.ts'
import type { ResolvedOptions } from './options.ts'
import { OwnCredential } from './own-credential.ts'
import { factsOf, StatusBoard } from './status.ts'

/** New connections a second from one host: everything behind one relay or NAT shares an address. */
const CONNECTIONS_PER_SECOND_PER_HOST = 500

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
  const readFile = platform.readCredentialFile
  const credential = await OwnCredential.open({ source: options.credential, readFile, clock, log })
  const self = identityOf(credential.certificate)
  const access = new Access({ self, isPublic: options.public, verifier: credential.verifier })
  const apiServer = new ApiServer({ access, bodyLimitBytes, log: logger.forComponent('nexus:api') })
  const router: SessionRouter = {
    onRequest: (request, from) => apiServer.onRequest(request, from),
    onDirect: (direct, from) => calls.directs.onArrival(direct, from),
    onGrant: (from, grant, issuerCertificate) => access.show(from, grant, issuerCertificate)
  }
  const member = await createMember({
    ...options,
    credential,
    platform,
    listen,
    limits: { maxConnections: options.maxConnections, connectionsPerSecondPerHost: CONNECTIONS_PER_SECOND_PER_HOST },
    clock,
    logger,
    router,
    onLive: (entry) => find.prober.welcome(entry)
  })
  const joined = (signal: AbortSignal): Promise<void> => bootstrap.joined(signal)
  const find = assembleFind({ member, credential, isPublic: options.public, joined, clock, logger })
  const calls = assembleCalls({ member, credential, access, directory: find.finder, options, logger })
  const status = new StatusBoard({
    clock,
    notices: [...((await platform.notices?.()) ?? []), ...(extras.notices ?? [])],
    onHandlerError: (error) => log.error('a handler of the status threw: %e', error)
  })
  status.report({ joined: bootstrapAddresses.length === 0 })
  const bootstrap = new Bootstrap({
    addresses: bootstrapAddresses,
    libp2p: member.node.libp2p,
    dialer: member.dialer,
    circuit: member.node.circuit,
    reserve: options.reserve,
    onConnected: () => {
      find.announcer?.announce()
      find.finder.refreshAll()
    },
    onChange: (entrances) => status.report(factsOf(entrances)),
    log: logger.forComponent('nexus:bootstrap')
  })
  const paths = assemblePaths(member, platform, logger)
  return new Block({
    ...member,
    ...find,
    ...calls,
    ...assembleChannels(member, options, paths, logger),
    credential,
    status,
    paths,
    watchDevice: platform.watchDevice,
    apiServer,
    bootstrap
  })
}

function assemblePaths(member: Member, platform: Platform, logger: ComponentLogger): PathUpgrader {
  const { identity, node, dialer, sessions } = member
  return new PathUpgrader({
    self: identity.peerId,
    libp2p: node.libp2p,
    dialer,
    relayFirst: platform.relayFirst === true,
    isRelay: (peerId) => node.verified.get(peerId)?.identity.block === 'relay',
    move: (peerId) => sessions.move(peerId),
    log: logger.forComponent('nexus:paths')
  })
}

function assembleChannels(
  { identity: self, gossip, system, peers }: Member,
  { webrtc, bodyLimitBytes }: ResolvedOptions,
  paths: PathUpgrader,
  logger: ComponentLogger
): { interest: TopicInterest; channels: Channels } {
  const log = logger.forComponent('nexus:channel')
  const onNeighbours = (peerIds: readonly string[]): void => paths.meet(peerIds)
  const interest = new TopicInterest({ gossip, system, peers, ...(webrtc ? { onNeighbours } : {}), log })
  return { interest, channels: new Channels({ self, gossip, interest, bodyLimitBytes, log }) }
}
