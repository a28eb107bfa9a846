import type { ComponentLogger } from '@libp2p/interface'
import { NexusError } from '../errors.ts'
import { now } from '../lib/now.ts'
import { Announcer } from '../protocols/find/announcer.ts'
import { DhtSearch } from '../protocols/find/dht-search.ts'
import { Finder } from '../protocols/find/finder.ts'
import { OwnLeases } from '../protocols/find/own-leases.ts'
import { Prober } from '../protocols/find/prober.ts'
import type { ProviderRecords } from '../protocols/find/provider-records.ts'
import { RelayWord } from '../protocols/find/relay-word.ts'
import { RelayedSearch } from '../protocols/find/relayed-search.ts'
import type { Admission, Arriving } from '../protocols/gossip/message-intake.ts'
import { leaseTopic } from '../protocols/gossip/topic-names.ts'
import { readApp } from '../protocols/system/command-bodies.ts'
import type { Clock } from '../types.ts'
import type { Bootstrap } from './connect/bootstrap.ts'
import type { Dialer } from './connect/dialer.ts'
import { likeliestFirst } from './libp2p/address-order.ts'
import type { Platform } from './libp2p/platform.ts'
import { isRelay, type Member } from './member.ts'
import type { OwnCredential } from './own-credential.ts'
import { Readiness } from './readiness.ts'

export interface FindInit {
  member: Member
  credential: OwnCredential
  /** Whether a worker is to be found by all. */
  isPublic: boolean
  bootstrap: Bootstrap
  platform: Pick<Platform, 'providerRecords'>
  clock: Clock
  logger: ComponentLogger
}

/** What finds workers, and what makes this block be found. */
export interface FindParts {
  finder: Finder
  prober: Prober
  /** Only on workers. */
  readiness: Readiness | undefined
  /** What becomes of gossip before it is checked. */
  admission: (arriving: Arriving) => Admission
}

export function assembleFind(init: FindInit): FindParts {
  const { member, bootstrap, platform, logger } = init
  const { identity: self, node, book, dialer, gossip, leases, system } = member
  const { dht } = node.libp2p.services
  const log = logger.forComponent('nexus:find')
  const connect: Dialer['connect'] = (peerId, signal) => dialer.connect(peerId, signal)
  const prober = new Prober({
    self,
    book,
    follows: (app) => finder.follows(app),
    events: node.libp2p,
    isConnected: member.isConnected,
    connect,
    now,
    random: Math.random,
    log
  })
  const providers = dht && platform.providerRecords?.({ network: self.network, dht, log })
  const relays = (): string[] => member.peers().flatMap(({ block, peerId }) => (block === 'relay' ? [peerId] : []))
  const search = new DhtSearch({
    self,
    book,
    providers: providers ?? new RelayedSearch({ system, relays, log }),
    verify: async (peerId, signal) => {
      await connect(peerId, signal)
      const verified = node.verified.get(peerId)

      if (verified === undefined) {
        throw new NexusError('UNREACHABLE', `${peerId} is not verified`)
      }

      return verified.certificate
    },
    log
  })
  const isWorker = self.block === 'worker'
  const finder: Finder = new Finder({
    self,
    isServing: () => isWorker,
    book,
    leases,
    gossip,
    search,
    prober,
    peers: () => member.peers().map(({ peerId }) => peerId),
    hasRelay: () => relays().length > 0,
    joined: (signal) => bootstrap.joined(signal),
    // Others may be connected without a bootstrap, too.
    missing: () => (bootstrap.isNeeded || member.peers().length === 0 ? bootstrap.missing : undefined),
    now
  })
  const own = createOwnLeases(member, finder)
  const readiness = isWorker ? new Readiness({ announcer: createAnnouncer(init, providers, own) }) : undefined
  new RelayWord({ book, system, isConnected: member.isConnected })
  leases.askOn((app) => (isWorker && app === self.app && own.isLeaf ? relays() : []))
  system.serve('$renew', (body, { block }) => {
    if (block === 'relay' && readApp(body).app === self.app) {
      readiness?.hurry()
    }
    return {}
  })
  bootstrap.addEventListener('connected', () => {
    readiness?.announce()
    finder.refreshAll()
  })
  const admission = isWorker ? (arriving: Arriving) => own.admission(arriving) : (): Admission => 'taken'
  return { finder, prober, readiness, admission }
}

function createOwnLeases({ identity: self, gossip, node }: Member, finder: Finder): OwnLeases {
  const topic = leaseTopic(self.network, self.app)
  return new OwnLeases({
    topic,
    isFollowed: () => finder.follows(self.app),
    subscribers: () => gossip.subscribers(topic),
    isRelay: (peerId) => isRelay(node, peerId),
    now
  })
}

function createAnnouncer(
  { member, credential, isPublic, clock, logger }: FindInit,
  providers: ProviderRecords | undefined,
  own: OwnLeases
): Announcer {
  const { gossip, book, node, sessions } = member
  return new Announcer({
    privateKey: credential.privateKey,
    certificate: () => credential.certificate,
    isPublic,
    gossip,
    book,
    providers,
    addresses: () => likeliestFirst(node.libp2p.getMultiaddrs()).map(String),
    load: () => sessions.inFlight,
    workers: () => Math.max(book.live(member.identity.app).length, own.workers + 1),
    knowsHold: (peerId) => node.verified.get(peerId)?.knowsLeaseHold === true,
    clock,
    log: logger.forComponent('nexus:find')
  })
}
