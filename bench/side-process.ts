import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { MissingPeer } from './peers/install.ts'

/** Of `/proc/<pid>/stat`, counted behind the name of the program: its group, and its ticks in user and kernel mode. */
const GROUP = 2
const USER_TICKS = 11
const KERNEL_TICKS = 12
const MS_A_TICK = 10

/** What a process answers to an order: see `answerOrders`. */
export type Answer = { result: unknown } | { missing: string } | { failed: string }

/** A process of the comparison that does what it is ordered. Itself and all that it starts are one process group. */
export class SideProcess {
  readonly #child: ChildProcess

  /** `program` is a file of `bench/`. */
  constructor(program: string) {
    this.#child = fork(join(import.meta.dirname, program), {
      detached: true,
      // Of peers' own matters.
      execArgv: ['--no-warnings'],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc']
    })
  }

  /** One order at a time. */
  async order<T>(order: object): Promise<T> {
    this.#child.send(order)
    const answer = await this.#answer()

    if ('missing' in answer) {
      throw new MissingPeer(answer.missing)
    }
    if ('failed' in answer) {
      throw new Error(`${JSON.stringify(order).slice(0, 200)}: ${answer.failed}`)
    }
    return answer.result as T
  }

  async #answer(): Promise<Answer> {
    const answered = new AbortController()
    const { signal } = answered
    const ended = once(this.#child, 'exit', { signal }).then((): [Answer] => [{ failed: 'the process has ended' }])
    // Given up with the answer.
    ended.catch(() => undefined)

    try {
      const [answer] = (await Promise.race([once(this.#child, 'message', { signal }), ended])) as [Answer]
      return answer
    } finally {
      answered.abort()
    }
  }

  /** Processor time of the group so far, in ms; `undefined` where the system does not tell. */
  cpu(): number | undefined {
    try {
      const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
      return pids.reduce((sum, pid) => sum + ticksOf(pid, this.#child.pid), 0) * MS_A_TICK
    } catch {
      return undefined
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null && this.#child.pid !== undefined) {
      const exited = once(this.#child, 'exit')
      process.kill(-this.#child.pid, 'SIGKILL')
      await exited
    }
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

/** The other side of `SideProcess`: does what the parent orders. */
export function answerOrders<O>(run: (order: O) => Promise<unknown>): void {
  process.on('message', async (order: O) => {
    const answer: Answer = await run(order).then(
      (result) => ({ result }),
      (error: unknown) => (error instanceof MissingPeer ? { missing: error.message } : { failed: String(error) })
    )
    process.send?.(answer)
  })
}
