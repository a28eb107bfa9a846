import type { ComponentLogger } from '@libp2p/interface'
import { NexusError } from '../errors.ts'
import { Announcer } from '../protocols/announcer.ts'
import { Finder } from '../protocols/finder.ts'
import { Prober } from '../protocols/prober.ts'
import { DelegatedProviders } from '../protocols/provider-delegation.ts'
import { Providers } from '../protocols/providers.ts'
import { WorkerSearch } from '../protocols/worker-search.ts'
import type { Clock } from '../types.ts'
import type { Core } from './core.ts'
import type { Dialer } from './dialer.ts'
import type { OwnCredential } from './own-credential.ts'

export interface FindInit {
  core: Core
  credential: OwnCredential
  /** Whether a worker is to be found by all. */
  isPublic: boolean
  /** Resolves when this block has a way into the mesh, or when the signal aborts. */
  joined: (signal: AbortSignal) => Promise<void>
  clock: Clock
  logger: ComponentLogger
}

/** What finds workers, and what makes this block be found. */
export interface FindParts {
  finder: Finder
  prober: Prober
  /** Only on workers. */
  announcer: Announcer | undefined
}

export function assembleFind({ core, credential, isPublic, joined, clock, logger }: FindInit): FindParts {
  const { identity: self, mesh, book, dialer, gossip, leases, system } = core
  const { dht } = mesh.libp2p.services
  const log = logger.forComponent('nexus:find')
  const connect: Dialer['connect'] = (peerId, signal) => dialer.connect(peerId, signal)
  const prober = new Prober({ self, book, isConnected: core.isConnected, connect, log })
  const providers = dht && new Providers({ network: self.network, dht, log })
  const relays = (): string[] => core.peers().flatMap(({ block, peerId }) => (block === 'relay' ? [peerId] : []))
  const search = new WorkerSearch({
    self,
    book,
    providers: providers ?? new DelegatedProviders({ system, relays, log }),
    verify: async (peerId, signal) => {
      await connect(peerId, signal)
      const verified = mesh.verified.get(peerId)

      if (verified === undefined) {
        throw new NexusError('UNREACHABLE', `${peerId} is not verified`)
      }

      return verified.certificate
    },
    log
  })
  const isWorker = self.block === 'worker'
  const finder = new Finder({
    self,
    isServing: () => isWorker,
    book,
    leases,
    gossip,
    search,
    prober,
    peers: () => core.peers().map(({ peerId }) => peerId),
    joined,
    now: () => performance.now()
  })
  const announcer = new Announcer({
    privateKey: credential.privateKey,
    certificate: () => credential.certificate,
    isPublic,
    gossip,
    book,
    providers,
    addresses: () => mesh.libp2p.getMultiaddrs().map(String),
    load: () => core.sessions.inFlight,
    clock,
    log
  })
  return { finder, prober, announcer: isWorker ? announcer : undefined }
}
