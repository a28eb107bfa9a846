import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { MissingPeer } from './peers/install.ts'
import type { Sample } from './row.ts'
import type { Answer, Order } from './side.ts'

const PROGRAM = join(import.meta.dirname, 'side.ts')
/** Of `/proc/<pid>/stat`, counted behind the name of the program: its group, and its ticks in user and kernel mode. */
const GROUP = 2
const USER_TICKS = 11
const KERNEL_TICKS = 12
const MS_A_TICK = 10

/** A process of the comparison. Itself and all that it starts are one process group. */
export class SideProcess {
  readonly #child: ChildProcess = fork(PROGRAM, { detached: true, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })

  async serve(kind: string): Promise<string> {
    const answer = await this.#order({ do: 'serve', kind })
    return 'address' in answer ? answer.address : ''
  }

  /** `onBegin` is called when all is warm, and what counts begins. */
  async measure(
    order: { kind: string; row: string; address: string; seconds: number },
    onBegin: () => void
  ): Promise<Sample | undefined> {
    const answer = await this.#order({ do: 'measure', ...order }, onBegin)
    return 'sample' in answer ? answer.sample : undefined
  }

  /** Processor time of the group so far, in ms; `undefined` where the system does not tell. */
  cpu(): number | undefined {
    try {
      return (
        readdirSync('/proc')
          .filter((name) => /^\d+$/.test(name))
          .reduce((sum, pid) => sum + ticksOf(pid, this.#child.pid), 0) * MS_A_TICK
      )
    } catch {
      return undefined
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.pid !== undefined) {
      const exited = once(this.#child, 'exit')
      process.kill(-this.#child.pid, 'SIGKILL')
      await exited
    }
  }

  async #order(order: Order, onBegin?: () => void): Promise<Answer> {
    this.#child.send(order)
    const answer = await this.#answer(order)

    if ('began' in answer) {
      onBegin?.()
      return this.#answer(order)
    }
    return answer
  }

  async #answer(order: Order): Promise<Answer> {
    const [answer] = (await Promise.race([
      once(this.#child, 'message'),
      once(this.#child, 'exit').then(() => [{ failed: 'the process has ended' }])
    ])) as [Answer]

    if ('missing' in answer) {
      throw new MissingPeer(answer.missing)
    }
    if ('failed' in answer) {
      throw new Error(`${order.kind}: ${answer.failed}`)
    }
    return answer
  }
}

function ticksOf(pid: string, group: number | undefined): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    return fields[GROUP] === group ? (fields[USER_TICKS] ?? 0) + (fields[KERNEL_TICKS] ?? 0) : 0
  } catch {
    // It has ended meanwhile.
    return 0
  }
}
