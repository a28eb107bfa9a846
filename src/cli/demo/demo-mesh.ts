import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Identity, Nexus } from '../../types.ts'
import type { Child } from './child.ts'
import { createDemoNetwork, type DemoNetwork, SERVICE } from './members.ts'
import type { PageServer } from './page/server.ts'
import { NEXUS_PROGRAM, type Participant, startParticipant } from './participants.ts'

/** A worker of the demo that has joined. */
export interface RunningWorker {
  participant: Participant
  child: Child
  identity: Identity
  addresses: string[]
}

/** Where the demo takes place: its directory, processes and blocks. What one step makes, later ones use. */
export class DemoMesh {
  /** Aborts when the demo is to end. */
  readonly signal: AbortSignal
  readonly directory: string
  /** Where the relay is reached. */
  relayAddresses: string[] = []
  workers: RunningWorker[] = []
  /** Ends with the mesh. */
  page: PageServer | undefined
  readonly #lost = new AbortController()
  readonly #children: Child[] = []
  readonly #blocks: Nexus[] = []
  #network: DemoNetwork | undefined
  #caller: Nexus | undefined

  private constructor(signal: AbortSignal, directory: string) {
    this.signal = signal
    this.directory = directory
  }

  /** A mesh in a new temporary directory that others cannot read. */
  static async open(signal: AbortSignal): Promise<DemoMesh> {
    return new DemoMesh(signal, await mkdtemp(join(tmpdir(), 'nexus-demo-')))
  }

  /** Aborts when a process ends that should go on. */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  get network(): DemoNetwork {
    return made(this.#network, 'network')
  }

  /** The block that calls the workers: this process. */
  get caller(): Nexus {
    return made(this.#caller, 'caller')
  }

  set caller(nexus: Nexus) {
    this.#caller = nexus
  }

  /** The relay's address of this kind. */
  relayAddress(kind: 'tcp' | 'ws'): string {
    const isWs = (address: string): boolean => address.includes('/ws')
    return made(
      this.relayAddresses.find((address) => isWs(address) === (kind === 'ws')),
      `${kind} address of the relay`
    )
  }

  async createNetwork(): Promise<DemoNetwork> {
    this.#network = await createDemoNetwork(this.directory)
    return this.#network
  }

  /** Starts a participant; it ends with the mesh. */
  start(participant: Participant): Child {
    this.signal.throwIfAborted()
    const child = startParticipant(participant, {
      network: this.network,
      bootstrap: this.relayAddresses,
      onLost: (failure) => this.#lost.abort(failure)
    })
    this.#children.push(child)
    return child
  }

  /**
   * Joins with the credential of a member, in this process; the block ends with the mesh. Rejects like `createNexus`.
   */
  async join(member: Parameters<DemoNetwork['pathOf']>[0]): Promise<Nexus> {
    const { createNexus } = await import('../../index.ts')
    const nexus = await createNexus({
      credential: this.network.pathOf(member),
      bootstrap: [this.relayAddress('tcp')],
      listen: [],
      reserve: false
    })
    this.#blocks.push(nexus)

    if (this.signal.aborted) {
      await nexus.stop()
    }

    return nexus
  }

  /** What the processes last said on stderr, each line with its name. */
  lastWords(): string[] {
    return this.#children.flatMap(({ name, lastWords }) => lastWords.map((line) => `${name}: ${line}`))
  }

  /** Commands for another terminal, with the real paths and addresses. */
  commandsToTry(): string[] {
    const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
    return [
      `alias nexus="${quote(process.execPath)} ${quote(NEXUS_PROGRAM)}"`,
      `export NEXUS_CREDENTIAL=${quote(this.network.pathOf('you'))}`,
      `export NEXUS_BOOTSTRAP=${quote(this.relayAddress('tcp'))}`,
      'nexus whoami',
      `nexus find --app ${SERVICE}`,
      `nexus api --app ${SERVICE} multiply '{"a":6,"b":7}'`,
      `nexus ping --app ${SERVICE}`,
      `nexus api --app ${SERVICE} multiply '{"a":6,"b":7}' --credential ${quote(this.network.pathOf('dora'))}`,
      `nexus sub news --credential ${quote(this.network.pathOf('listener'))}     # and in one more:`,
      `nexus pub news '{"hi":true}'`
    ]
  }

  /** Ends all processes and blocks, and removes the directory. */
  async close(): Promise<void> {
    const stopping = [
      this.page?.close(),
      ...this.#blocks.map((nexus) => nexus.stop()),
      ...this.#children.map((child) => child.stop())
    ]
    await Promise.allSettled(stopping)
    await rm(this.directory, { recursive: true, force: true })
  }
}

function made<T>(value: T | undefined, what: string): T {
  if (value === undefined) {
    throw new Error(`there is no ${what} yet`)
  }

  return value
}
