import type { TestNetwork } from '../identities.ts'
import { testNetwork } from '../identities.ts'
import { BlockProcess } from '../process.ts'
import { RelayProcess } from '../relay-process.ts'
import type { PathMeasured, PathQuestion } from './measure-path.ts'
import { launcherIn } from './namespaces.ts'
import { HUB_IP4, HUB_IP6, NatLab, type Site, type SiteKind } from './nat-lab.ts'

/** Those of `nexus relay`. */
const TCP_PORT = 9700
const WEB_SOCKET_PORT = 9701
const STUN_PORT = 3478

/** A mesh over a laboratory: a relay at its hub, and blocks behind routers, each a process in its host's namespace. */
export class NatMesh {
  readonly lab = new NatLab()
  readonly #blocks: BlockProcess[] = []
  readonly #relay: RelayProcess
  network!: TestNetwork
  #relayId!: string
  #count = 0

  private constructor() {
    this.#relay = new RelayProcess(launcherIn(this.lab.hub))
  }

  static async start(): Promise<NatMesh> {
    const mesh = new NatMesh()

    try {
      mesh.network = await testNetwork({ clock: Date.now })
      const credential = await mesh.network.credentialFor({ app: 'relay', block: 'relay', resource: 'relay' })
      const [address = ''] = await mesh.#relay.run('start', { credential, stunPort: STUN_PORT })
      mesh.#relayId = address.split('/').at(-1)!
      return mesh
    } catch (error) {
      await mesh.stop()
      throw error
    }
  }

  /** The relay, as a host of this kind reaches it. */
  relayAddress(kind: SiteKind, webSocket = false): string {
    const host = kind === 'ip6-only' ? `/ip6/${HUB_IP6}` : `/ip4/${HUB_IP4}`
    return `${host}/tcp/${webSocket ? `${WEB_SOCKET_PORT}/ws` : TCP_PORT}/p2p/${this.#relayId}`
  }

  /** A worker that serves `echo`, on a host of this kind. */
  async worker(kind: SiteKind): Promise<{ peerId: string; site: Site }> {
    const site = this.lab.site(kind)
    const block = this.#block(site)
    const { peerId } = await this.#start(block, site)
    await block.run('serve')
    return { peerId, site }
  }

  /** A host of this kind whose blocks call. */
  caller(kind: SiteKind): NatCaller {
    const site = this.lab.site(kind)
    const block = this.#block(site)
    return {
      site,
      measure: async (question) => {
        await this.#start(block, site)
        const measured = await block.run('measurePath', question)
        await block.run('leave')
        return measured
      }
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#blocks, this.#relay].map((process) => process.kill()))
    this.lab.close()
  }

  #block(site: Site): BlockProcess {
    const block = new BlockProcess({ launcher: launcherIn(site.namespace) })
    this.#blocks.push(block)
    return block
  }

  async #start(block: BlockProcess, { kind }: Site): Promise<{ peerId: string }> {
    const subject = { app: 'etest', uid: 'anna', role: 'owner', block: 'worker' } as const
    const credential = await this.network.credentialFor({ ...subject, resource: `default${this.#count++}` })
    return block.run('start', { credential, bootstrap: [this.relayAddress(kind)] })
  }
}

/** Whoever calls from a host, each time as a block that is new. */
export interface NatCaller {
  site: Site
  measure: (question: PathQuestion) => Promise<PathMeasured>
}
