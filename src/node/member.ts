import type { ComponentLogger, Connection } from '@libp2p/interface'
import type { ServiceFactoryMap } from 'libp2p'
import { NexusError } from '../errors.ts'
import { identityOf } from '../identity/certificate.ts'
import type { Part } from '../lib/lifecycle.ts'
import { now } from '../lib/now.ts'
import { LeaseBook } from '../protocols/find/lease-book.ts'
import { LeaseExchange } from '../protocols/find/lease-exchange.ts'
import type { Admission, Arriving } from '../protocols/gossip/message-intake.ts'
import { SignedGossip } from '../protocols/gossip/signed-gossip.ts'
import { History, type HistoryInit } from '../protocols/history/history.ts'
import type { UserLimits } from '../protocols/peers/user-limits.ts'
import { SessionManager } from '../protocols/session/session-manager.ts'
import { IdentitySync } from '../protocols/system/identity-sync.ts'
import { Pinger } from '../protocols/system/pinger.ts'
import { SystemCommands } from '../protocols/system/system-commands.ts'
import type { Clock, IceServer, Identity } from '../types.ts'
import { Dialer } from './connect/dialer.ts'
import { PathDoubts } from './connect/path-doubts.ts'
import { RelayStun } from './connect/relay-stun.ts'
import { createGatedNode, type GatedNode, type NodeLimits } from './libp2p/gated-node.ts'
import { toPeerId } from './libp2p/peer-ids.ts'
import type { Platform, TransportsInit } from './libp2p/platform.ts'
import type { OwnCredential } from './own-credential.ts'

export interface MemberInit extends Omit<TransportsInit, 'iceServers'> {
  /** The servers that WebRTC asks. Default: those of relays. */
  iceServers?: IceServer[] | undefined
  credential: OwnCredential
  platform: Platform
  listen: string[]
  announce: string[]
  dhtServer: boolean
  limits: NodeLimits
  clock: Clock
  logger: ComponentLogger
  /** Forwards each topic to all of its subscribers here: for relays. Default `false`. */
  forwardsTopics?: boolean
  /** Services beside those of every node. */
  services?: (users: UserLimits) => ServiceFactoryMap
  /** The largest body sent or taken, in bytes. */
  bodyLimitBytes: number
  /** Bytes of half-received bodies that one session holds. Default 64 MiB. */
  maxAssemblyBytes?: number
  /** What becomes of gossip before it is checked. Default: all is taken. */
  admission?: (arriving: Arriving, node: GatedNode) => Admission
  /** How long messages of channels are kept, and how many bytes of them. Default as `History` has it. */
  keep?: { ms?: number; bytes?: number }
  /** Makes what gets from others what is asked for of channels and not kept: for relays. */
  fetching?: HistoryInit['fetching']
  /** Told of every peer that the gate did not let in. */
  onRefused?: (peerId: string, error: NexusError, address: string) => void
  /** Told of every peer that was cut off for what it sent, and why. */
  onCutOff?: (peerId: string, jid: string | undefined, why: string) => void
}

/** What every member of the mesh runs, blocks and relays alike. */
export interface Member {
  identity: Identity
  node: GatedNode
  dialer: Dialer
  system: SystemCommands
  sessions: SessionManager
  gossip: SignedGossip
  book: LeaseBook
  leases: LeaseExchange
  history: History
  sync: IdentitySync
  pinger: Pinger
  /** Verified peers with an open connection, relays first. */
  peers: () => Identity[]
  isConnected: (peerId: string) => boolean
}

/** What a member starts first and stops last. Its sessions come after what their handlers may use. */
export function foundationOf({ dialer, node, gossip, history, sync }: Member): Part[] {
  return [dialer, node, gossip, history, sync]
}

/** Puts together, without starting it, what blocks and relays have in common. */
export async function createMember(init: MemberInit): Promise<Member> {
  const { credential, clock, logger } = init
  const { verifier, revocations } = credential
  const identity = identityOf(credential.certificate)
  const certificate = (): string => credential.certificate.token
  const { privateKey } = credential
  const iceServers = async (): Promise<IceServer[]> => init.iceServers ?? stun.servers()
  const node = await createGatedNode({ ...init, iceServers, privateKey, verifier, revocations, certificate })
  const { libp2p, verified } = node
  const peers = (): Identity[] => connectedMembers(node)
  const book = new LeaseBook({ now })
  const dialer = createDialer(node, book, peers)
  const isConnected = (peerId: string): boolean => dialer.best(peerId) !== undefined
  const sessions = createSessions(init, identity, node, dialer)
  const system = new SystemCommands({ sessions, users: node.users, log: logger.forComponent('nexus:system') })
  const stun = createRelayStun(node, system, logger)
  const gossip = new SignedGossip({
    self: identity.peerId,
    gossip: libp2p.services.gossip,
    verifier,
    certificate,
    ownUser: identity.uid,
    connections: (peerId) => libp2p.getConnections(peerId),
    userOf: (peerId) => verified.get(peerId)?.identity.uid,
    asksAboutTopics: (peerId) => init.forwardsTopics === true && verified.get(peerId)?.asksAboutTopics === true,
    factorOf: (user) => node.users.factorOf(user),
    admission: init.admission === undefined ? undefined : (arriving) => init.admission!(arriving, node),
    isRelay: (peerId) => isRelay(node, peerId),
    cutOff: (peerId, why) => cutOff(node, init, peerId, why),
    ping: (peerId, signal) => libp2p.services.ping.ping(peerId, { signal }),
    log: logger.forComponent('nexus:gossip')
  })
  const leases = new LeaseExchange({
    network: identity.network,
    verifier,
    book,
    gossip,
    system,
    clock,
    now,
    log: logger.forComponent('nexus:lease')
  })
  const sync = new IdentitySync({
    verifier,
    verified,
    revocations,
    system,
    events: libp2p,
    isConnected,
    log: logger.forComponent('nexus:sync')
  })
  const history = new History({
    self: identity,
    verifier,
    gossip,
    system,
    peers,
    keep: init.keep,
    fetching: init.fetching,
    factorOf: (user) => node.users.factorOf(user),
    log: logger.forComponent('nexus:history')
  })
  const pinger = new Pinger({ self: identity.peerId, system, now })
  credential.addEventListener('renewed', ({ detail }) => sync.pushCertificate(detail.token))

  return { identity, node, dialer, system, sessions, gossip, book, leases, history, sync, pinger, peers, isConnected }
}

/** Whether a connected peer is a relay, as its certificate says. */
export function isRelay({ verified }: GatedNode, peerId: string): boolean {
  return verified.get(peerId)?.identity.block === 'relay'
}

function connectedMembers({ libp2p, verified }: GatedNode): Identity[] {
  const peerIds = new Set(libp2p.getConnections().map(({ remotePeer }) => remotePeer.toString()))
  const known = [...peerIds].flatMap((peerId) => verified.get(peerId)?.identity ?? [])
  return [...known.filter(({ block }) => block === 'relay'), ...known.filter(({ block }) => block !== 'relay')]
}

function createRelayStun({ libp2p, verified }: GatedNode, system: SystemCommands, logger: ComponentLogger): RelayStun {
  const isRelay = ({ remotePeer }: Connection): boolean =>
    verified.get(remotePeer.toString())?.identity.block === 'relay'
  const relays = (): Connection[] => libp2p.getConnections().filter(isRelay)
  return new RelayStun({ relays, system, log: logger.forComponent('nexus:stun') })
}

function createDialer({ libp2p, gate }: GatedNode, book: LeaseBook, peers: () => Identity[]): Dialer {
  return new Dialer({
    libp2p,
    gate,
    addressesOf: (peerId) => book.get(peerId)?.lease?.addresses ?? [],
    relays: () => peers().flatMap(({ block, peerId }) => (block === 'relay' ? [toPeerId(peerId)] : []))
  })
}

function cutOff({ libp2p, gate, verified }: GatedNode, init: MemberInit, peerId: string, why: string): void {
  const { onCutOff, logger } = init
  const open = libp2p.getConnections(toPeerId(peerId)).filter(({ status }) => status === 'open')

  // Of what it had sent before some may come still.
  if (open.length === 0) {
    return
  }

  logger.forComponent('nexus:gossip')('%s is cut off: %s', peerId, why)
  gate.keepOut(peerId)

  for (const connection of open) {
    connection.abort(new NexusError('BUSY', `cut off: ${why}`))
  }
  onCutOff?.(peerId, verified.get(peerId)?.identity.jid, why)
}

function createSessions(
  { bodyLimitBytes, maxAssemblyBytes, logger }: MemberInit,
  self: Identity,
  { libp2p, verified, users }: GatedNode,
  dialer: Dialer
): SessionManager {
  const doubts = new PathDoubts({
    dialer,
    move: (peerId) => sessions.move(peerId),
    log: logger.forComponent('nexus:paths')
  })
  const sessions: SessionManager = new SessionManager({
    self,
    registrar: libp2p,
    connect: (peerId, signal) => dialer.connect(peerId, signal),
    onDoubt: (session, connection) => void doubts.doubt(session, connection),
    verified,
    users,
    limits: { bodyLimitBytes, ...(maxAssemblyBytes === undefined ? {} : { maxAssemblyBytes }) },
    log: logger.forComponent('nexus:session')
  })
  return sessions
}
