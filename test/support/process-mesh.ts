import type { Relay, RelayOptions } from '../../relay/relay.ts'
import type { NexusOptions } from '../../src/node/options.ts'
import type { TestBlock, TestNetworkOptions } from './identities.ts'
import { LOOPBACK_TCP, TestMesh } from './mesh.ts'
import { BlockProcess } from './process.ts'

/** A relay in this process, and blocks each in a process of its own. */
export class ProcessMesh {
  readonly mesh: TestMesh
  readonly #processes = new Set<BlockProcess>()
  #relay: Relay | undefined
  #count = 0

  private constructor(mesh: TestMesh) {
    this.mesh = mesh
  }

  static async create(options: Partial<RelayOptions> = {}, network: TestNetworkOptions = {}): Promise<ProcessMesh> {
    const mesh = new ProcessMesh(await TestMesh.create(network))
    mesh.#relay = await mesh.mesh.relay(options)
    return mesh
  }

  get bootstrap(): string[] {
    return this.#relay?.addresses.slice(0, 1) ?? []
  }

  /** A block that has joined and serves; by default a worker of `etest`, run by the app's owner. */
  async block(
    block: TestBlock & { grants?: string[] } = {},
    options: Partial<NexusOptions> = {},
    clockShiftMs = 0
  ): Promise<BlockProcess & { peerId: string }> {
    const credential = await this.mesh.network.credentialFor({
      app: 'etest',
      uid: 'anna',
      role: 'owner',
      block: 'worker',
      resource: `default${this.#count++}`,
      ...block
    })
    const process = new BlockProcess({ clockShiftMs })
    this.#processes.add(process)
    const { peerId } = await process.run('start', {
      credential,
      listen: [LOOPBACK_TCP],
      bootstrap: this.bootstrap,
      ...options
    })

    if ((block.block ?? 'worker') === 'worker') {
      await process.run('serve')
    }

    return Object.assign(process, { peerId })
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#processes].map((process) => process.stop()))
    await this.mesh.stop()
  }
}
