import { defaultLogger } from '@libp2p/logger'
import type { Multiaddr } from '@multiformats/multiaddr'
import { MAX_SYSTEM_BODY_BYTES, STOP_GRACE_MS } from '../src/constants.ts'
import { NexusError } from '../src/errors.ts'
import { Lifecycle, type Part } from '../src/lib/lifecycle.ts'
import { now } from '../src/lib/now.ts'
import type { BlockExtras } from '../src/node/assemble.ts'
import { Bootstrap, parseAddresses } from '../src/node/connect/bootstrap.ts'
import { ipAddressIn } from '../src/node/libp2p/addresses.ts'
import { listenFailure } from '../src/node/libp2p/listen-failure.ts'
import type { Platform } from '../src/node/libp2p/platform.ts'
import { createMember, foundationOf, type Member } from '../src/node/member.ts'
import { graceOf } from '../src/node/options.ts'
import { OwnCredential } from '../src/node/own-credential.ts'
import { ProviderRecords } from '../src/protocols/find/provider-records.ts'
import { serveProviderSearch } from '../src/protocols/find/relayed-search.ts'
import { RelayFetch } from '../src/protocols/history/relay-fetch.ts'
import { TopicForwarder } from '../src/protocols/subscription/topic-forwarder.ts'
import { TopicInterest } from '../src/protocols/subscription/topic-interest.ts'
import { TopicQuery } from '../src/protocols/subscription/topic-query.ts'
import type { StunPorts } from '../src/protocols/system/command-bodies.ts'
import { HolderExchange } from '../src/protocols/system/holder-exchange.ts'
import type { Identity, StopOptions } from '../src/types.ts'
import { circuitService, countReservations } from './circuits.ts'
import { HealthServer } from './health.ts'
import { HeldRefusals } from './held-refusals.ts'
import { LeaseFollowers } from './lease-followers.ts'
import { type LeasePace, leasePaceOf } from './lease-pace.ts'
import { serveOffer } from './offer.ts'
import type { ResolvedRelayOptions } from './options.ts'
import { PeerEvents } from './peer-events.ts'
import { RelayCondition } from './relay-condition.ts'
import { StunServer } from './stun-server.ts'
import { checkTlsAddresses, TlsFiles } from './tls-files.ts'
import type { Relay, RelayStatus } from './types.ts'

/** What whoever makes a relay knows beside its options. */
export type RelayExtras = Pick<BlockExtras, 'clock' | 'renewalPart' | 'watch'>

/** The composition root: makes a relay of its parts, and starts nothing. */
export async function assembleRelay(
  options: ResolvedRelayOptions,
  platform: Platform,
  extras: RelayExtras = {}
): Promise<RunningRelay> {
  const logger = options.logger ?? defaultLogger()
  const log = logger.forComponent('nexus:relay')
  const { clock = Date.now, renewalPart, watch } = extras
  const bootstrap = parseAddresses('bootstrap', options.bootstrap)
  parseAddresses('announce', options.announce)
  const listen = parseAddresses('listen', options.listen)
  checkTlsAddresses(listen, options.tls)
  const tls = options.tls && (await TlsFiles.open(options.tls))
  const { readCredentialFile } = platform
  const source = options.credential
  const credential = await OwnCredential.open({ source, readFile: readCredentialFile, clock, renewalPart, log })

  if (credential.certificate.block !== 'relay') {
    throw new NexusError(
      'INVALID',
      `a relay needs a certificate with block 'relay', not '${credential.certificate.block}'`
    )
  }

  const refusals = new HeldRefusals((event) => options.onEvent?.(event))
  let pace: LeasePace | undefined
  const member = await createMember({
    credential,
    platform,
    webrtc: false,
    listen: options.listen,
    announce: options.announce,
    tls,
    dhtServer: true,
    forwardsTopics: true,
    limits: options,
    clock,
    logger,
    services: (users) => circuitService(options, users),
    keep: { ms: options.keepMs, bytes: options.keepBytes },
    fetching: (parts) => new RelayFetch(parts),
    bodyLimitBytes: MAX_SYSTEM_BODY_BYTES,
    maxAssemblyBytes: 4 * MAX_SYSTEM_BODY_BYTES,
    admission: (arriving, node) => {
      pace ??= leasePaceOf(node)
      return pace.admission(arriving)
    },
    onCutOff: (peer, jid, message) => options.onEvent?.({ event: 'cut-off', peer, jid, message }),
    onRefused: (peer, error, address) => refusals.refused(peer, address, error)
  })
  new HolderExchange({ holders: member.node.holders, system: member.system, peers: member.peers, now, log }).serve()
  const query = new TopicQuery({ system: member.system, log })
  const forwarder = new TopicForwarder({
    gossip: member.gossip,
    query,
    peers: member.peers,
    users: member.node.users,
    events: member.node.libp2p,
    maxTopics: options.maxTopics,
    maxTopicsPerPeer: options.maxTopicsPerPeer,
    lingerMs: options.keepMs,
    log
  })
  const { gossip, system, peers } = member
  const interest = new TopicInterest({ gossip, system, query, peers, events: member.node.libp2p, forwarder, log })
  const { dht } = member.node.libp2p.services
  const stun = createStunServer(options, listen)
  serveOffer({ system, libp2p: member.node.libp2p, options, clock, stun: () => stun?.ports ?? {} })

  if (dht !== undefined) {
    serveProviderSearch(member.system, new ProviderRecords({ network: member.identity.network, dht, log }))
  }

  return new RunningRelay({
    options,
    member,
    credential,
    forwarder,
    interest,
    refusals,
    watch: watch?.(credential.revocations),
    tls,
    stun,
    bootstrap: new Bootstrap({
      addresses: bootstrap,
      libp2p: member.node.libp2p,
      dialer: member.dialer,
      circuit: member.node.circuit,
      reserve: false,
      // A relay serves its own clients whether or not other relays are up.
      isAwaited: false,
      log
    })
  })
}

function createStunServer(
  { stunPort: port, onEvent }: ResolvedRelayOptions,
  listen: readonly Multiaddr[]
): StunServer | undefined {
  const hosts = [...new Set(listen.flatMap((address) => ipAddressIn(address) ?? []))]
  const onFailed = (message: string): void => onEvent?.({ event: 'stun-failed', message })
  return port === undefined ? undefined : new StunServer({ hosts, port, onFailed })
}

interface RelayParts {
  options: ResolvedRelayOptions
  member: Member
  credential: OwnCredential
  bootstrap: Bootstrap
  forwarder: TopicForwarder
  interest: TopicInterest
  refusals: HeldRefusals
  watch: Part | undefined
  tls: TlsFiles | undefined
  stun: StunServer | undefined
}

export class RunningRelay implements Relay {
  readonly identity: Identity
  readonly #parts: RelayParts
  readonly #lifecycle: Lifecycle
  readonly #startedAt = Date.now()
  readonly #condition: RelayCondition
  #health: HealthServer | undefined

  constructor(parts: RelayParts) {
    const { member, interest, forwarder, credential, bootstrap, watch, tls, stun } = parts
    this.#parts = parts
    const { onEvent } = parts.options
    tls?.addEventListener('renewed', ({ detail: { expires } }) => onEvent?.({ event: 'tls-renewed', expires }))
    tls?.addEventListener('failing', ({ detail }) => onEvent?.({ event: 'tls-failed', message: detail }))
    tls?.addEventListener('ending', ({ detail }) => onEvent?.({ event: 'tls-expires-soon', ...detail }))
    this.#condition = new RelayCondition({ credential, events: member.node.libp2p, onEvent })
    this.identity = member.identity
    this.#lifecycle = new Lifecycle(
      [
        ...foundationOf(member),
        new PeerEvents(parts),
        new LeaseFollowers(parts),
        forwarder,
        interest,
        this.#condition,
        ...(tls === undefined ? [] : [tls]),
        ...(stun === undefined ? [] : [stun]),
        this.#healthServer(),
        member.sessions,
        credential,
        bootstrap,
        ...(watch === undefined ? [] : [watch])
      ],
      STOP_GRACE_MS
    )
  }

  get addresses(): string[] {
    return this.#parts.member.node.libp2p.getMultiaddrs().map(String)
  }

  get health(): { host: string; port: number } | undefined {
    return this.#health?.address
  }

  get stun(): StunPorts {
    return this.#parts.stun?.ports ?? {}
  }

  status(): RelayStatus {
    const { libp2p, gate } = this.#parts.member.node
    return {
      ...(this.#lifecycle.isStopping ? { status: 'stopping' } : this.#condition.judge()),
      jid: this.identity.jid,
      peerId: this.identity.peerId,
      expires: this.#condition.expires,
      notices: this.#condition.notices,
      uptimeMs: Date.now() - this.#startedAt,
      connections: libp2p.getConnections().length,
      peers: libp2p.getPeers().length,
      reservations: countReservations(libp2p.services),
      topics: this.#parts.forwarder.size,
      droppedMessages: this.#parts.member.gossip.dropped,
      refusedMessages: this.#parts.member.gossip.refused,
      cutOff: gate.cutOff
    }
  }

  start(): Promise<void> {
    return this.#lifecycle.start()
  }

  async stop(options?: StopOptions): Promise<void> {
    await this.#lifecycle.stop(graceOf(options))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #healthServer(): Part {
    const { healthPort, healthHost } = this.#parts.options
    return {
      start: async () => {
        if (healthPort !== undefined) {
          const init = { host: healthHost, port: healthPort, status: () => this.status() }
          this.#health = await HealthServer.start(init).catch((error: unknown) => {
            throw listenFailure(error)
          })
        }
      },
      stop: () => this.#health?.stop()
    }
  }
}
