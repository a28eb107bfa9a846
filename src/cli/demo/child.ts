import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { StepFailure } from './step-failure.ts'

/** How long a process may take to leave before it is killed. */
const STOP_GRACE_MS = 5_000
/** Lines of stderr that are kept, to show why something went wrong. */
const KEPT_LINES = 5

/** What a participant prints on stdout: a JSON object in each line. */
export type ChildEvent = { event: string } & Record<string, unknown>

export interface ChildInit {
  command: string
  args: readonly string[]
  env: NodeJS.ProcessEnv
  onLost: (failure: StepFailure) => void
}

interface Waiter {
  matches: (event: ChildEvent) => boolean
  resolve: (event: ChildEvent) => void
  reject: (error: Error) => void
}

/** A participant in a process of its own, which tells in JSON lines what happens to it. */
export class Child {
  readonly name: string
  /** Its last lines on stderr. */
  readonly lastWords: string[] = []
  readonly #process: ChildProcess
  readonly #events: ChildEvent[] = []
  readonly #waiters = new Set<Waiter>()
  readonly #exit: Promise<void>
  #ended: StepFailure | undefined
  #stopping = false

  /** `onLost` is told when it ends before `stop`. */
  constructor(name: string, init: ChildInit) {
    const { command, args, env, onLost } = init
    this.name = name
    this.#process = spawn(command, args, {
      env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A group of its own: Ctrl-C reaches the demo alone, which then ends its participants in order.
      detached: true
    })
    this.#exit = new Promise((resolve) => {
      const end = (how: string): void => {
        const failure = new StepFailure(`${name} ${how}`)
        this.#end(failure)
        resolve()

        if (!this.#stopping) {
          onLost(failure)
        }
      }
      this.#process.once('error', (error) => end(`did not start: ${error.message}`))
      this.#process.once('exit', (code, signal) => end(`ended with ${signal ?? code}`))
    })
    this.#readLines()
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  /** The events of this kind so far. */
  events(event: string): ChildEvent[] {
    return this.#events.filter((candidate) => candidate.event === event)
  }

  /** The first event that matches, past ones included. Rejects when the process ends, or with the signal's reason. */
  waitFor(matches: (event: ChildEvent) => boolean, signal: AbortSignal): Promise<ChildEvent> {
    const past = this.#events.find(matches)

    if (past !== undefined) {
      return Promise.resolve(past)
    }

    if (this.#ended !== undefined) {
      return Promise.reject(this.#ended)
    }

    return new Promise((resolve, reject) => {
      const waiter: Waiter = { matches, resolve, reject }
      this.#waiters.add(waiter)
      signal.addEventListener(
        'abort',
        () => {
          this.#waiters.delete(waiter)
          reject(signal.reason)
        },
        { once: true }
      )
    })
  }

  /** Asks it to leave, and kills it when it does not. */
  async stop(): Promise<void> {
    this.#stopping = true

    if (this.#ended !== undefined) {
      return
    }

    const timer = setTimeout(() => this.#process.kill('SIGKILL'), STOP_GRACE_MS)
    this.#process.kill('SIGTERM')
    await this.#exit
    clearTimeout(timer)
  }

  #readLines(): void {
    const { stdout, stderr } = this.#process

    if (stdout !== null && stderr !== null) {
      createInterface({ input: stdout }).on('line', (line) => this.#take(line))
      createInterface({ input: stderr }).on('line', (line) => {
        this.lastWords.push(line)
        this.lastWords.splice(0, this.lastWords.length - KEPT_LINES)
      })
    }
  }

  #take(line: string): void {
    const event = parseEvent(line)

    if (event === undefined) {
      this.lastWords.push(line)
      return
    }

    this.#events.push(event)

    for (const waiter of [...this.#waiters]) {
      if (waiter.matches(event)) {
        this.#waiters.delete(waiter)
        waiter.resolve(event)
      }
    }
  }

  #end(failure: StepFailure): void {
    this.#ended ??= failure

    for (const { reject } of this.#waiters) {
      reject(failure)
    }

    this.#waiters.clear()
  }
}

function parseEvent(line: string): ChildEvent | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && 'event' in value ? (value as ChildEvent) : undefined
  } catch {
    return undefined
  }
}
