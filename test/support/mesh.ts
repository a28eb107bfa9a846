import { createRelay, type Relay, type RelayOptions } from '../../relay/relay.ts'
import { createNexus } from '../../src/node/create.ts'
import type { NexusOptions } from '../../src/node/options.ts'
import type { Nexus } from '../../src/types.ts'
import { type TestBlock, type TestNetwork, type TestNetworkOptions, testNetwork } from './identities.ts'

export const LOOPBACK_TCP = '/ip4/127.0.0.1/tcp/0'
export const LOOPBACK_WS = '/ip4/127.0.0.1/tcp/0/ws'
export const LOOPBACK_WSS = '/ip4/127.0.0.1/tcp/0/tls/ws'

/** Blocks and relays of one network in this process, all of which `stop` stops. */
export class TestMesh {
  readonly network: TestNetwork
  readonly #running = new Set<{ stop: () => Promise<void> }>()
  #count = 0

  private constructor(network: TestNetwork) {
    this.network = network
  }

  static async create(options: TestNetworkOptions = {}): Promise<TestMesh> {
    return new TestMesh(await testNetwork({ clock: Date.now, ...options }))
  }

  async relay(options: Partial<RelayOptions> = {}): Promise<Relay> {
    const credential = await this.network.credentialFor({
      app: 'relay',
      uid: 'operator',
      role: 'owner',
      block: 'relay',
      resource: `relay${this.#count++}`
    })
    return this.keep(await createRelay({ credential, listen: [LOOPBACK_TCP, LOOPBACK_WS], ...options }))
  }

  /** A block; by default a worker of the app `etest`, run by the app's owner, with a resource of its own. */
  async block(block: TestBlock & { grants?: string[] } = {}, options: Partial<NexusOptions> = {}): Promise<Nexus> {
    const credential = await this.network.credentialFor({
      app: 'etest',
      uid: 'anna',
      role: 'owner',
      block: 'worker',
      resource: `default${this.#count++}`,
      ...block
    })
    const nexus = this.keep(await createNexus({ credential, listen: [LOOPBACK_TCP], ...options }))
    // Found at once, whether or not it is given handlers.
    nexus.ready()
    return nexus
  }

  /** Stops one of them now. */
  async drop(member: { stop: () => Promise<void> }): Promise<void> {
    this.#running.delete(member)
    await member.stop()
  }

  /** Stops all, the last one first. */
  async stop(): Promise<void> {
    for (const member of [...this.#running].reverse()) {
      await this.drop(member)
    }
  }

  /** Has `stop` stop another one. */
  keep<T extends { stop: () => Promise<void> }>(member: T): T {
    this.#running.add(member)
    return member
  }
}
