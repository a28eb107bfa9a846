import { setPriority } from 'node:os'
import type { RelayOptions } from '../../../relay/relay.ts'
import { CommandProcess } from '../../support/command-process.ts'
import { type TestNetwork, testNetwork } from '../../support/identities.ts'
import { LOOPBACK_TCP, LOOPBACK_WS } from '../../support/mesh.ts'
import type { AttackerCommands } from './attacker-process.ts'
import { ATTACKS, type AttackName } from './attacks.ts'
import { type Figures, figuresOf } from './figures.ts'
import { honestChannel } from './honest-channel.ts'
import type { HonestCommands } from './honest-process.ts'
import type { ServerCommands } from './server-process.ts'

export const HONEST_CLIENTS = 20
/** Processes of honest clients, a channel each. */
const GROUPS = 4
const MEMORY_EVERY_MS = 250

export interface HonestFigures {
  calls: Figures
  messages: Figures
  /** Processor time of all but the attacker, in % of one core. */
  cpu: number
}

/** How honest clients fared beside an attack. */
export interface AttackReport {
  name: AttackName
  without: HonestFigures
  beside: HonestFigures
  /** Resident memory of the relay, in bytes: before the attack, and the most during it. */
  relay: { before: number; most: number }
  /** The same of the worker. */
  worker: { before: number; most: number }
  /** What the attacker says that it did. */
  progress: string
}

const program = (name: string): string => new URL(`./${name}-process.ts`, import.meta.url).pathname

/** A relay, a worker and honest clients, and then an attacker: each kind in a process of its own. */
export async function runAttack(
  name: AttackName,
  { ms, relay: options }: { ms: number; relay?: Partial<RelayOptions> }
): Promise<AttackReport> {
  const network = await testNetwork({ clock: Date.now })
  const relay = new CommandProcess<ServerCommands>(program('server'))
  const worker = new CommandProcess<ServerCommands>(program('server'))
  const honest = Array.from({ length: GROUPS }, () => new CommandProcess<HonestCommands>(program('honest')))
  const attacker = new CommandProcess<AttackerCommands>(program('attacker'))
  yieldToOthers(attacker)

  try {
    const target = await startServers(name, network, relay, worker, options)
    const credentials = await honestCredentials(network)
    const size = HONEST_CLIENTS / GROUPS
    await Promise.all(
      honest.map((group, index) =>
        group.run('start', credentials.slice(index * size, (index + 1) * size), target.relay, honestChannel(index))
      )
    )
    const processes = [relay, worker, ...honest]
    const without = await measure(honest, processes, ms / 2)
    const memory = [await Memory.of(relay), await Memory.of(worker)] as const
    await attacker.run('begin', name, target)
    const beside = await measure(honest, processes, ms)
    const progress = await attacker.run('progress')
    const [ofRelay, ofWorker] = memory.map((watched) => watched.end())
    return { name, without, beside, relay: ofRelay!, worker: ofWorker!, progress }
  } finally {
    await Promise.all([attacker, ...honest, worker, relay].map((process) => process.kill()))
  }
}

async function measure(
  honest: Array<CommandProcess<HonestCommands>>,
  processes: Watched[],
  ms: number
): Promise<HonestFigures> {
  const [spent, startedAt] = [await cpuMsOf(processes), performance.now()]
  const samples = await Promise.all(honest.map((group) => group.run('measure', ms)))
  const tookMs = performance.now() - startedAt
  return {
    calls: figuresOf(samples.map(({ calls }) => calls)),
    messages: figuresOf(samples.map((one) => one.messages)),
    cpu: (100 * ((await cpuMsOf(processes)) - spent)) / tookMs
  }
}

/** A process that tells how much processor time it has taken. */
interface Watched {
  run: (command: 'cpuMs') => Promise<number>
}

async function cpuMsOf(processes: Watched[]): Promise<number> {
  const each = await Promise.all(processes.map((process) => process.run('cpuMs')))
  return each.reduce((sum, ms) => sum + ms, 0)
}

async function startServers(
  name: AttackName,
  network: TestNetwork,
  relay: CommandProcess<ServerCommands>,
  worker: CommandProcess<ServerCommands>,
  options: Partial<RelayOptions> = {}
): Promise<{ relay: string[]; worker: string[] }> {
  const operator = { app: 'relay', uid: 'operator', block: 'relay', resource: 'relay' } as const
  const addresses = await relay.run('startRelay', {
    credential: await network.credentialFor(operator),
    listen: [LOOPBACK_TCP, LOOPBACK_WS],
    ...options
  })
  const bootstrap = addresses.slice(0, 1)
  const reached = await worker.run('startWorker', {
    credential: await network.credentialFor(),
    bootstrap,
    listen: 'direct' in ATTACKS[name] ? [LOOPBACK_TCP] : []
  })
  return { relay: bootstrap, worker: reached }
}

function honestCredentials(network: TestNetwork) {
  return Promise.all(
    Array.from({ length: HONEST_CLIENTS }, (_, index) =>
      network.credentialFor({
        uid: `honest${index}`,
        role: 'user',
        block: 'xwebsite',
        resource: 'webxo',
        grants: ['etest']
      })
    )
  )
}

/** It has a machine of its own in earnest, and takes none of the time of those that are measured here. */
function yieldToOthers({ child }: CommandProcess<AttackerCommands>): void {
  if (child.pid !== undefined) {
    setPriority(child.pid, 19)
  }
}

/** Watches how much memory a process takes. */
class Memory {
  readonly #before: number
  readonly #timer: NodeJS.Timeout
  #most: number

  private constructor(process: CommandProcess<ServerCommands>, before: number) {
    this.#before = before
    this.#most = before
    this.#timer = setInterval(() => {
      process.run('memory').then(
        (bytes) => {
          this.#most = Math.max(this.#most, bytes)
        },
        // It has ended, of which the figures of the clients tell.
        () => undefined
      )
    }, MEMORY_EVERY_MS)
  }

  static async of(process: CommandProcess<ServerCommands>): Promise<Memory> {
    return new Memory(process, await process.run('memory'))
  }

  end(): { before: number; most: number } {
    clearInterval(this.#timer)
    return { before: this.#before, most: this.#most }
  }
}
