import type { Connection } from '@libp2p/interface'
import { NexusError } from '../errors.ts'
import { checkPeerId } from '../identity/keys.ts'
import type { RevocationList } from '../identity/revocation-list.ts'
import type { Lifecycle } from '../lib/lifecycle.ts'
import type { ApiClient } from '../protocols/call/api-client.ts'
import type { ApiServer } from '../protocols/call/api-server.ts'
import type { Directs } from '../protocols/call/directs.ts'
import type { Channels } from '../protocols/channel/channels.ts'
import type { Finder } from '../protocols/find/finder.ts'
import { checkCallOptions } from '../protocols/find/target.ts'
import type {
  ApiHandler,
  ApiRequest,
  Body,
  CallOptions,
  ChannelHandler,
  DirectHandler,
  DirectRequest,
  FindRequest,
  GrantRequest,
  GrantText,
  Identity,
  Nexus,
  NexusStatus,
  PeerPath,
  PublishOptions,
  StatusHandler,
  StopOptions,
  SubscribeOptions,
  Subscription,
  WorkerInfo
} from '../types.ts'
import { CallSites } from './call-sites.ts'
import { pathOf } from './libp2p/addresses.ts'
import type { Member } from './member.ts'
import { graceOf } from './options.ts'
import type { OwnCredential } from './own-credential.ts'
import type { Readiness } from './readiness.ts'
import type { StatusBoard } from './status.ts'

/** What a block is made of; `assemble.ts` puts it together. */
export interface BlockParts {
  member: Pick<Member, 'identity' | 'node' | 'dialer' | 'pinger' | 'sessions'>
  lifecycle: Lifecycle
  revocations: RevocationList
  credential: Pick<OwnCredential, 'held' | 'certificate'>
  status: StatusBoard
  apiServer: ApiServer
  apiClient: ApiClient
  directs: Directs
  channels: Channels
  finder: Finder
  /** Only on workers. */
  readiness: Readiness | undefined
}

/** The public methods of a block, over the parts that do the work. */
export class Block implements Nexus {
  readonly identity: Identity
  readonly #parts: BlockParts
  readonly #sites = new CallSites()

  constructor(parts: BlockParts) {
    this.#parts = parts
    this.identity = parts.member.identity
  }

  get addresses(): string[] {
    return this.#parts.member.node.libp2p.getMultiaddrs().map(String)
  }

  get peers(): PeerPath[] {
    const { node, dialer } = this.#parts.member
    return dialer.connections().flatMap((connection) => {
      const peer = node.verified.get(connection.remotePeer.toString())
      return peer === undefined ? [] : [toPeerPath(peer.identity, connection, this.#parts.member)]
    })
  }

  get status(): NexusStatus {
    return this.#parts.status.status
  }

  onStatus(handler: StatusHandler): () => void {
    return this.#parts.status.onChange(handler)
  }

  /** Starts to listen and to join. Rejects with `INVALID` when an address cannot be listened on. */
  start(): Promise<void> {
    return this.#parts.lifecycle.start()
  }

  handle<B>(cmd: string, handler: ApiHandler<B>): () => void {
    this.#checkRunning()

    if (this.identity.block !== 'worker') {
      throw new NexusError('FORBIDDEN', `only workers serve commands; this block is a ${this.identity.block}`)
    }

    const end = this.#parts.apiServer.handle(cmd, handler)
    this.#parts.readiness?.ready()
    return end
  }

  ready(): void {
    this.#checkRunning()
    this.#parts.readiness?.ready()
  }

  async api<R>(request: ApiRequest): Promise<R> {
    return await this.#sites.run(this.api, () => {
      this.#checkMayCall()
      return this.#parts.apiClient.call<R>(request)
    })
  }

  async direct(request: DirectRequest): Promise<void> {
    return await this.#sites.run(this.direct, () => {
      this.#checkMayCall()
      return this.#parts.directs.send(request)
    })
  }

  onDirect<B>(handler: DirectHandler<B>): () => void {
    this.#checkRunning()
    const end = this.#parts.directs.onDirect(handler)
    this.#parts.readiness?.ready()
    return end
  }

  async subscribe<B>(
    channel: string,
    handler: ChannelHandler<B>,
    options: SubscribeOptions = {}
  ): Promise<Subscription> {
    return await this.#sites.run(this.subscribe, () => {
      this.#checkRunning()
      return this.#parts.channels.subscribe(channel, handler, options)
    })
  }

  async publish(channel: string, body: Body, options: PublishOptions = {}): Promise<number> {
    return await this.#sites.run(this.publish, () => {
      this.#checkMayCall()
      return this.#parts.channels.publish(channel, body, options)
    })
  }

  async find(request: FindRequest): Promise<WorkerInfo[]> {
    return await this.#sites.run(this.find, () => {
      this.#checkMayCall()
      return this.#parts.finder.find(request)
    })
  }

  async ping(peerId: string, options: CallOptions = {}): Promise<number> {
    return await this.#sites.run(this.ping, () => {
      this.#checkMayCall()
      checkPeerId(peerId)
      checkCallOptions(options)
      return this.#parts.member.pinger.ping(peerId, options)
    })
  }

  async revoke(list: string): Promise<boolean> {
    return await this.#sites.run(this.revoke, () => {
      this.#checkRunning()
      return this.#parts.revocations.offer(list)
    })
  }

  async grant(request: GrantRequest): Promise<GrantText> {
    return await this.#sites.run(this.grant, () => {
      this.#checkRunning()
      const { held, certificate } = this.#parts.credential
      return held.sign(request, certificate)
    })
  }

  async addGrant(grant: GrantText): Promise<void> {
    return await this.#sites.run(this.addGrant, () => {
      this.#checkRunning()
      return this.#parts.credential.held.add(grant)
    })
  }

  // Others are told first, so that no new call comes while those under way end.
  async stop(options?: StopOptions): Promise<void> {
    return await this.#sites.run(this.stop, () => {
      return this.#parts.lifecycle.stop(graceOf(options))
    })
  }

  // A page gives its block another `stop`.
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #checkRunning(): void {
    this.#parts.lifecycle.checkRunning()
  }

  // Handlers that still run while the block stops may need others to finish.
  #checkMayCall(): void {
    const { lifecycle, member } = this.#parts

    if (lifecycle.isStopping && member.sessions.inFlight === 0) {
      lifecycle.checkRunning()
    }
  }
}

function toPeerPath(peer: Identity, connection: Connection, { node, dialer }: BlockParts['member']): PeerPath {
  const { remoteAddr, direction } = connection
  const roundTripMs = node.roundTripOf(connection)
  return {
    peer,
    address: remoteAddr.toString(),
    direction,
    path: pathOf(connection),
    ...(roundTripMs === undefined ? {} : { roundTripMs }),
    tried: dialer.tried(peer.peerId)
  }
}
