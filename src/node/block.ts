import type { Connection } from '@libp2p/interface'
import { STOP_GRACE_MS } from '../constants.ts'
import { NexusError, stopped } from '../errors.ts'
import type { ApiClient } from '../protocols/call/api-client.ts'
import type { ApiServer } from '../protocols/call/api-server.ts'
import type { Directs } from '../protocols/call/directs.ts'
import type { Channels } from '../protocols/channel/channels.ts'
import type { Announcer } from '../protocols/find/announcer.ts'
import type { Finder } from '../protocols/find/finder.ts'
import type { Prober } from '../protocols/find/prober.ts'
import type { SignedGossip } from '../protocols/gossip/signed-gossip.ts'
import type { SessionManager } from '../protocols/session/session-manager.ts'
import type { TopicInterest } from '../protocols/subscription/topic-interest.ts'
import type { IdentitySync } from '../protocols/system/identity-sync.ts'
import type {
  ApiHandler,
  ApiRequest,
  Body,
  ChannelHandler,
  DirectHandler,
  DirectRequest,
  FindRequest,
  Identity,
  Nexus,
  NexusStatus,
  PeerPath,
  PublishOptions,
  StatusHandler,
  SubscribeOptions,
  Subscription,
  WorkerInfo
} from '../types.ts'
import type { Bootstrap } from './connect/bootstrap.ts'
import type { PathUpgrader } from './connect/path-upgrader.ts'
import { pathOf } from './libp2p/addresses.ts'
import type { GatedNode } from './libp2p/gated-node.ts'
import type { Platform } from './libp2p/platform.ts'
import type { OwnCredential } from './own-credential.ts'
import type { StatusBoard } from './status.ts'

/** What a block is made of; `create.ts` puts it together. */
export interface BlockParts {
  identity: Identity
  node: GatedNode
  bootstrap: Bootstrap
  sessions: SessionManager
  apiServer: ApiServer
  apiClient: ApiClient
  directs: Directs
  gossip: SignedGossip
  interest: TopicInterest
  channels: Channels
  finder: Finder
  prober: Prober
  sync: IdentitySync
  credential: OwnCredential
  status: StatusBoard
  paths: PathUpgrader
  watchDevice: Platform['watchDevice']
  /** Only on workers. */
  announcer: Announcer | undefined
}

/** A block's life: start, the public methods, stop. */
export class Block implements Nexus {
  readonly identity: Identity
  readonly #parts: BlockParts
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined
  #unwatchDevice: (() => void) | undefined

  constructor(parts: BlockParts) {
    this.#parts = parts
    this.identity = parts.identity
  }

  get addresses(): string[] {
    return this.#parts.node.libp2p.getMultiaddrs().map(String)
  }

  get peers(): PeerPath[] {
    const { libp2p, verified } = this.#parts.node
    return libp2p.getConnections().flatMap((connection) => {
      const peer = verified.get(connection.remotePeer.toString())
      return peer === undefined ? [] : [toPeerPath(peer.identity, connection)]
    })
  }

  get status(): NexusStatus {
    return this.#parts.status.status
  }

  onStatus(handler: StatusHandler): () => void {
    return this.#parts.status.onChange(handler)
  }

  /** Starts to listen and to join. Rejects with `INVALID` when an address cannot be listened on. */
  async start(waitForBootstrap: boolean): Promise<void> {
    const { node, sessions, bootstrap, announcer, paths } = this.#parts
    const { libp2p } = node
    libp2p.addEventListener('peer:connect', this.#onConnect)
    libp2p.addEventListener('peer:disconnect', this.#onDisconnect)

    this.#starting = Promise.resolve(libp2p.start())

    try {
      await this.#starting
    } catch (error) {
      throw new NexusError('INVALID', `cannot listen: ${(error as Error).message}`, { cause: error })
    }

    this.#checkRunning()
    await sessions.start()
    this.#checkRunning()
    paths.start()
    this.#keepCredentialFresh()
    this.#watchDevice()
    const joined = bootstrap.start()

    if (waitForBootstrap) {
      await joined
    } else {
      // It goes on trying; the log tells why it has not come through yet.
      joined.catch(() => undefined)
    }

    announcer?.start()
  }

  handle<B>(cmd: string, handler: ApiHandler<B>): () => void {
    this.#checkRunning()

    if (this.identity.block !== 'worker') {
      throw new NexusError('FORBIDDEN', `only workers serve commands; this block is a ${this.identity.block}`)
    }

    return this.#parts.apiServer.handle(cmd, handler)
  }

  async api<R>(request: ApiRequest): Promise<R> {
    this.#checkMayCall()
    return this.#parts.apiClient.call<R>(request)
  }

  async direct(request: DirectRequest): Promise<void> {
    this.#checkMayCall()
    await this.#parts.directs.send(request)
  }

  onDirect<B>(handler: DirectHandler<B>): () => void {
    this.#checkRunning()
    return this.#parts.directs.onDirect(handler)
  }

  async subscribe<B>(
    channel: string,
    handler: ChannelHandler<B>,
    options: SubscribeOptions = {}
  ): Promise<Subscription> {
    this.#checkRunning()
    return this.#parts.channels.subscribe(channel, handler, options)
  }

  async publish(channel: string, body: Body, options: PublishOptions = {}): Promise<number> {
    this.#checkMayCall()
    return this.#parts.channels.publish(channel, body, options)
  }

  async find(request: FindRequest): Promise<WorkerInfo[]> {
    this.#checkMayCall()
    return this.#parts.finder.find(request)
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  // Others are told first, so that no new call comes while those under way end.
  async #stop(): Promise<void> {
    const { node, sessions, bootstrap, channels, interest, gossip, finder, prober } = this.#parts
    const { sync, credential, announcer, paths } = this.#parts
    const { libp2p, verified } = node
    this.#unwatchDevice?.()
    // libp2p ignores a stop while it starts.
    await this.#starting?.catch(() => undefined)
    credential.stop()
    await announcer?.stop()
    prober.stop()
    paths.stop()
    await bootstrap.stop()
    await sessions.stop(AbortSignal.timeout(STOP_GRACE_MS))
    finder.stop()
    await channels.stop()
    interest.stop()
    sync.stop()
    gossip.stop()
    libp2p.removeEventListener('peer:connect', this.#onConnect)
    libp2p.removeEventListener('peer:disconnect', this.#onDisconnect)
    await libp2p.stop()
    verified.clear()
  }

  #checkRunning(): void {
    if (this.#stopping !== undefined) {
      throw stopped()
    }
  }

  // Handlers that still run while the block stops may need others to finish.
  #checkMayCall(): void {
    if (this.#stopping !== undefined && this.#parts.sessions.inFlight === 0) {
      throw stopped()
    }
  }

  #keepCredentialFresh(): void {
    const { credential, sync, status, bootstrap } = this.#parts
    credential.keepFresh({
      onRenewed: (certificate) => {
        sync.pushCertificate(certificate.token)
        status.report({ expired: false })

        // One that had ended has closed the connections.
        if (this.status.state !== 'online') {
          void bootstrap.recheck()
        }
      },
      onExpired: () => status.report({ expired: true })
    })
  }

  #watchDevice(): void {
    const { watchDevice, status, bootstrap } = this.#parts
    this.#unwatchDevice = watchDevice?.({
      onNetwork: (isUp) => {
        status.report({ networkDown: !isUp })

        if (isUp) {
          void bootstrap.recheck()
        }
      },
      onResume: () => void bootstrap.recheck()
    })
  }

  #reportPeers(): void {
    this.#parts.status.report({ hasPeers: this.#parts.node.libp2p.getConnections().length > 0 })
  }

  readonly #onConnect = ({ detail }: CustomEvent<{ toString: () => string }>): void => {
    this.#parts.sync.onConnected(detail.toString())
    this.#reportPeers()
  }

  readonly #onDisconnect = ({ detail }: CustomEvent<{ toString: () => string }>): void => {
    this.#parts.prober.suspect(detail.toString())
    this.#reportPeers()
  }
}

function toPeerPath(peer: Identity, connection: Connection): PeerPath {
  const { remoteAddr, direction } = connection
  return { peer, address: remoteAddr.toString(), direction, path: pathOf(connection) }
}
