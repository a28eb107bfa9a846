import type { ComponentLogger, Connection, PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { ServiceFactoryMap } from 'libp2p'
import { NexusError } from '../errors.ts'
import { identityOf } from '../identity/certificate.ts'
import { LeaseBook, type LeaseEntry } from '../protocols/find/lease-book.ts'
import { LeaseExchange } from '../protocols/find/lease-exchange.ts'
import { SignedGossip } from '../protocols/gossip/signed-gossip.ts'
import { SessionManager } from '../protocols/session/session-manager.ts'
import type { SessionRouter } from '../protocols/session/session-table.ts'
import { IdentitySync } from '../protocols/system/identity-sync.ts'
import { SystemCommands } from '../protocols/system/system-commands.ts'
import type { Clock, Identity } from '../types.ts'
import { Dialer } from './connect/dialer.ts'
import { createGatedNode, type GatedNode, type NodeLimits } from './libp2p/gated-node.ts'
import type { Platform } from './libp2p/platform.ts'
import type { OwnCredential } from './own-credential.ts'

export interface MemberInit {
  credential: OwnCredential
  platform: Platform
  webrtc: boolean
  listen: string[]
  announce: string[]
  dhtServer: boolean
  limits: NodeLimits
  clock: Clock
  logger: ComponentLogger
  /** Forwards each topic to all of its subscribers here: for relays. Default `false`. */
  forwardsTopics?: boolean
  /** Services beside those of every node. */
  services?: ServiceFactoryMap
  /** The largest body sent or taken, in bytes. */
  bodyLimitBytes: number
  /** Bytes of half-received bodies that one session holds. Default 64 MiB. */
  maxAssemblyBytes?: number
  /** Answers what arrives on sessions, but for the mesh's own commands. */
  router: SessionRouter
  onLive?: (entry: LeaseEntry) => void
  /** Told of every peer that the gate did not let in. */
  onRefused?: (peerId: string, error: NexusError) => void
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
  sync: IdentitySync
  /** Verified peers with an open connection, relays first. */
  peers: () => Identity[]
  isConnected: (peerId: string) => boolean
}

/** Puts together, without starting it, what blocks and relays have in common. */
export async function createMember(init: MemberInit): Promise<Member> {
  const { credential, clock, logger, router } = init
  const { verifier, revocations } = credential
  const identity = identityOf(credential.certificate)
  const node = await createGatedNode({
    ...init,
    privateKey: credential.privateKey,
    verifier,
    revocations,
    certificate: () => credential.certificate.token
  })
  const { libp2p, gate, verified } = node
  const connections = (peerId?: PeerId): Connection[] => libp2p.getConnections(peerId)
  const peers = (): Identity[] => {
    const peerIds = new Set(connections().map(({ remotePeer }) => remotePeer.toString()))
    const known = [...peerIds].flatMap((peerId) => verified.get(peerId)?.identity ?? [])
    return [...known.filter(({ block }) => block === 'relay'), ...known.filter(({ block }) => block !== 'relay')]
  }
  const isConnected = (peerId: string): boolean => dialer.best(peerId) !== undefined
  const book = new LeaseBook({ now: () => performance.now(), onLive: init.onLive })
  const dialer = new Dialer({
    libp2p,
    gate,
    addressesOf: (peerId) => book.get(peerId)?.lease?.addresses ?? [],
    relays: () => peers().flatMap(({ block, peerId }) => (block === 'relay' ? [peerIdFromString(peerId)] : []))
  })
  const system: SystemCommands = new SystemCommands({
    sessions: () => sessions,
    log: logger.forComponent('nexus:system')
  })
  const sessions = new SessionManager({
    self: identity,
    registrar: libp2p,
    connect: (peerId, signal) => dialer.connect(peerId, signal),
    verified,
    router: {
      ...router,
      onRequest: (request, from) => {
        if (system.isSystem(request)) {
          void system.onRequest(request, from)
        } else {
          router.onRequest(request, from)
        }
      }
    },
    limits: {
      bodyLimitBytes: init.bodyLimitBytes,
      ...(init.maxAssemblyBytes === undefined ? {} : { maxAssemblyBytes: init.maxAssemblyBytes })
    },
    log: logger.forComponent('nexus:session')
  })
  const gossip = new SignedGossip({
    self: identity.peerId,
    gossip: libp2p.services.gossip,
    verifier,
    certificate: () => credential.certificate.token,
    connections,
    log: logger.forComponent('nexus:gossip')
  })
  const leases = new LeaseExchange({
    network: identity.network,
    verifier,
    book,
    gossip,
    system,
    clock,
    log: logger.forComponent('nexus:lease')
  })
  const sync = new IdentitySync({
    verifier,
    verified,
    revocations,
    system,
    isConnected,
    log: logger.forComponent('nexus:sync')
  })

  return { identity, node, dialer, system, sessions, gossip, book, leases, sync, peers, isConnected }
}

/** A router that takes nothing: for members that serve no calls. */
export const refusingRouter: SessionRouter = {
  onRequest: (request) => request.fail('FORBIDDEN', 'this member of the mesh serves no calls'),
  onDirect: () => Promise.reject(new NexusError('FORBIDDEN', 'this member of the mesh takes no directs')),
  onGrant: () => undefined
}
