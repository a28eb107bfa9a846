import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { MissingPeer } from './peers/install.ts'
import { cpuMsOf, groupPids, type Memory, memoryOf } from './processes.ts'
import { type Profile, Recorder } from './profile/recorder.ts'
import { sum } from './statistics.ts'

/** Every process obeys this. */
interface ProfileOrder {
  profile: 'start' | 'stop'
}

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

  startProfile(): Promise<void> {
    return this.order({ profile: 'start' } satisfies ProfileOrder)
  }

  stopProfile(): Promise<Profile> {
    return this.order({ profile: 'stop' } satisfies ProfileOrder)
  }

  /** Processor time of the group so far, in ms; `undefined` where the system does not tell. */
  cpu(): number | undefined {
    try {
      return sum(this.#group().map(cpuMsOf))
    } catch {
      return undefined
    }
  }

  /** Of the process alone. */
  memory(): Memory {
    return memoryOf(this.#child.pid ?? 0)
  }

  /** Resident memory of the group, in bytes. */
  groupMemory(): number {
    return sum(this.#group().map((pid) => memoryOf(pid).rss))
  }

  #group(): number[] {
    return groupPids(this.#child.pid ?? 0)
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null && this.#child.pid !== undefined) {
      const exited = once(this.#child, 'exit')
      process.kill(-this.#child.pid, 'SIGKILL')
      await exited
    }
  }
}

/** The other side of `SideProcess`: does what the parent orders. */
export function answerOrders<O extends object>(run: (order: O) => Promise<unknown>): void {
  const recorder = new Recorder()

  // The bench is gone, by whatever signal: this group, in which servers of peers are, would stay for good.
  process.once('disconnect', () => process.kill(-process.pid, 'SIGKILL'))
  process.on('message', async (order: O | ProfileOrder) => {
    const running = 'profile' in order ? recorder[order.profile]() : run(order)
    const answer: Answer = await running.then(
      (result) => ({ result }),
      (error: unknown) => (error instanceof MissingPeer ? { missing: error.message } : { failed: String(error) })
    )
    process.send?.(answer)
  })
}
