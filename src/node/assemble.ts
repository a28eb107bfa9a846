import type { ComponentLogger } from '@libp2p/interface'
import { defaultLogger } from '@libp2p/logger'
import { STOP_GRACE_MS } from '../constants.ts'
import type { HeldGrant } from '../identity/credential.ts'
import type { RevocationList } from '../identity/revocation-list.ts'
import { type HandlerErrorReporter, handlerErrorReporter } from '../lib/handler-errors.ts'
import { Lifecycle, type Part } from '../lib/lifecycle.ts'
import { now } from '../lib/now.ts'
import { Access } from '../protocols/call/access.ts'
import { ApiClient } from '../protocols/call/api-client.ts'
import { ApiServer } from '../protocols/call/api-server.ts'
import { Balancer } from '../protocols/call/balancer.ts'
import { CallTurns } from '../protocols/call/call-turns.ts'
import { Directs } from '../protocols/call/directs.ts'
import { Router } from '../protocols/call/router.ts'
import { Channels } from '../protocols/channel/channels.ts'
import type { Directory } from '../protocols/find/directory.ts'
import { TopicInterest } from '../protocols/subscription/topic-interest.ts'
import { TopicQuery } from '../protocols/subscription/topic-query.ts'
import type { Clock, NexusNotice } from '../types.ts'
import { assembleFind, type FindParts } from './assemble-find.ts'
import { assembleStatus } from './assemble-status.ts'
import { Block } from './block.ts'
import { Bootstrap, parseAddresses } from './connect/bootstrap.ts'
import { PathUpgrader } from './connect/path-upgrader.ts'
import { GrantRefresh } from './grant-refresh.ts'
import type { Platform } from './libp2p/platform.ts'
import { createMember, foundationOf, type Member, type MemberInit } from './member.ts'
import type { ResolvedOptions } from './options.ts'
import { OwnCredential } from './own-credential.ts'

/** New connections a second from one host: everything behind one relay or NAT shares an address. */
const CONNECTIONS_PER_SECOND_PER_HOST = 500

/** What whoever makes a block knows of the runtime beside the options. */
export interface BlockExtras {
  /** Shown in the status. */
  notices?: readonly NexusNotice[]
  /** By which certificates are checked. Default `Date.now`. */
  clock?: Clock
  /** After which part of a certificate's time it is renewed, asked anew for each. Default two thirds. */
  renewalPart?: () => number
  /** Who gives the credential may give other grants when it is asked again. Default `false`. */
  givesGrants?: boolean
  /** Makes a part that brings newer revocation lists. */
  watch?: (revocations: RevocationList) => Part
}

interface ReportingOptions extends ResolvedOptions {
  onHandlerError: HandlerErrorReporter
}

/** The composition root: makes a block of its parts, and starts nothing. */
export async function assembleBlock(
  options: ResolvedOptions,
  platform: Platform,
  extras: BlockExtras = {}
): Promise<Block> {
  const logger = options.logger ?? defaultLogger()
  const clock = extras.clock ?? Date.now
  const bootstrapAddresses = parseAddresses('bootstrap', options.bootstrap)
  const listen = options.listen ?? platform.defaultListen(options)
  parseAddresses('listen', listen)
  parseAddresses('announce', options.announce)
  const credential = await OwnCredential.open({
    source: options.credential,
    readFile: platform.readCredentialFile,
    clock,
    renewalPart: extras.renewalPart,
    log: logger.forComponent('nexus:credential')
  })
  const limits = {
    maxConnections: options.maxConnections,
    connectionsPerSecondPerHost: CONNECTIONS_PER_SECOND_PER_HOST
  }
  const admission: MemberInit['admission'] = (arriving) => find.admission(arriving)
  const member = await createMember({ ...options, credential, platform, listen, limits, clock, logger, admission })
  const bootstrap = new Bootstrap({
    addresses: bootstrapAddresses,
    isAwaited: options.waitForBootstrap,
    timeoutMs: options.bootstrapTimeoutMs,
    libp2p: member.node.libp2p,
    dialer: member.dialer,
    circuit: member.node.circuit,
    clockAheadOf: (peerId) => member.node.verified.get(peerId)?.clock?.aheadMs(),
    reserve: options.reserve,
    log: logger.forComponent('nexus:bootstrap')
  })
  const paths = createPathUpgrader(member, platform, logger)
  const notices = [...((await platform.notices?.()) ?? []), ...(extras.notices ?? [])]
  const onHandlerError = handlerErrorReporter(options.onHandlerError)
  const { status, watch } = assembleStatus({ member, credential, bootstrap, platform, notices, clock, onHandlerError })
  const find: FindParts = assembleFind({
    member,
    credential,
    isPublic: options.public,
    bootstrap,
    platform,
    clock,
    logger
  })
  // A file may have been changed meanwhile.
  const givesGrants = extras.givesGrants ?? typeof options.credential === 'string'
  const calls = assembleCalls(member, credential, find.finder, paths, { ...options, onHandlerError, givesGrants })
  const reporting = { ...options, onHandlerError }
  const { interest, channels } = assembleChannels(member, platform, reporting, paths, clock, logger)
  // Sessions end while all that their handlers may use still runs.
  const parts: Part[] = [
    ...foundationOf(member),
    interest,
    channels,
    find.finder,
    member.sessions,
    find.prober,
    paths,
    credential,
    watch,
    bootstrap,
    ...(extras.watch === undefined ? [] : [extras.watch(credential.revocations)]),
    ...(find.readiness === undefined ? [] : [find.readiness])
  ]
  const lifecycle = new Lifecycle(parts, STOP_GRACE_MS)
  const { revocations } = credential
  const { finder, readiness } = find
  return new Block({ member, lifecycle, revocations, credential, status, channels, finder, readiness, ...calls })
}

/** What gets calls and directs to workers, and those of others to this one. */
function assembleCalls(
  { identity: self, sessions, isConnected, book }: Member,
  credential: OwnCredential,
  directory: Directory,
  paths: PathUpgrader,
  {
    public: isPublic,
    bodyLimitBytes,
    timeoutMs,
    pong,
    onHandlerError,
    givesGrants
  }: ReportingOptions & Pick<BlockExtras, 'givesGrants'>
): { apiServer: ApiServer; apiClient: ApiClient; directs: Directs } {
  const access = new Access({ self, isPublic, verifier: credential.verifier })
  const loadOf = (peerId: string): number => book.get(peerId)?.lease?.load ?? 0
  const balancer = new Balancer({ now, random: Math.random, loadOf })
  const defaultTimeoutMs = timeoutMs
  const { random } = Math
  const onAnswered = (peerId: string): void => paths.want(peerId)
  const around = { isConnected, onAnswered, now, random }
  const routing = new Router({ self, sessions, directory, balancer, ...around, defaultTimeoutMs })
  const apiServer = new ApiServer({ access, bodyLimitBytes, pong, onHandlerError })
  const grants = (): readonly HeldGrant[] => credential.held.list
  const refreshGrants = givesGrants
    ? new GrantRefresh({ grants, renewNow: () => credential.renewNow() }).refresh
    : undefined
  const apiClient = new ApiClient({ self, routing, grants, refreshGrants, bodyLimitBytes })
  const directs = new Directs({ self, access, routing, bodyLimitBytes, onHandlerError })
  sessions.serve(
    new CallTurns({
      onRequest: (request, from) => {
        paths.want(from.peer.peerId)
        apiServer.onRequest(request, from)
      },
      onDirect: (direct, from) => {
        paths.want(from.peer.peerId)
        return directs.onArrival(direct, from)
      },
      onGrant: (from, grant, issuerCertificate) => access.show(from, grant, issuerCertificate)
    })
  )
  return { apiServer, apiClient, directs }
}

function createPathUpgrader(member: Member, platform: Platform, logger: ComponentLogger): PathUpgrader {
  const { identity, node, dialer, sessions } = member
  return new PathUpgrader({
    self: identity.peerId,
    libp2p: node.libp2p,
    dialer,
    relayFirst: platform.relayFirst === true,
    delayMs: platform.betterPathDelayMs ?? 0,
    isRelay: (peerId) => node.verified.get(peerId)?.identity.block === 'relay',
    move: (peerId) => sessions.move(peerId),
    log: logger.forComponent('nexus:paths')
  })
}

function assembleChannels(
  { identity: self, node, gossip, system, history, peers }: Member,
  { deriveChannelKey: deriveKey }: Platform,
  { webrtc, bodyLimitBytes, timeoutMs, onHandlerError }: ReportingOptions,
  paths: PathUpgrader,
  clock: Clock,
  logger: ComponentLogger
): { interest: TopicInterest; channels: Channels } {
  const log = logger.forComponent('nexus:channel')
  const query = new TopicQuery({ system, log })
  const onNeighbours = (peerIds: readonly string[]): void => paths.connectTo(peerIds)
  const around = { gossip, system, query, peers, events: node.libp2p }
  const interest = new TopicInterest({ ...around, ...(webrtc ? { onNeighbours } : {}), log })
  const limits = { bodyLimitBytes, timeoutMs }
  const channels = new Channels({ self, clock, gossip, interest, history, ...limits, deriveKey, onHandlerError, log })
  return { interest, channels }
}
