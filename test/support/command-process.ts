import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { NexusError } from '../../src/errors.ts'

/** What a process does for its parent, by name. */
type CommandTable<C> = { [K in keyof C]: (...args: never[]) => unknown }

interface Answer {
  id?: number
  result?: unknown
  error?: { code: never; message: string; reason: never }
}

/** A process that runs commands for its parent: `answerCommands` is its other side. */
export class CommandProcess<C extends CommandTable<C>> {
  readonly child: ChildProcess
  readonly #pending = new Map<number, PromiseWithResolvers<unknown>>()
  #nextId = 0

  /** `launcher`: what stands before the command, and runs it in its own place. */
  constructor(
    program: string,
    execArgv: readonly string[] = [],
    env: Record<string, string> = {},
    launcher: readonly string[] = []
  ) {
    const [execPath = process.execPath, ...command] = [...launcher, process.execPath]
    this.child = fork(program, {
      execPath,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
      execArgv: [...command, ...process.execArgv, ...execArgv],
      env: { ...process.env, ...env }
    })
    this.child.on('message', (message: Answer) => this.#onMessage(message))
    this.child.on('exit', () => {
      for (const { reject } of this.#pending.values()) {
        reject(new Error('the process has ended'))
      }
      this.#pending.clear()
    })
  }

  get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null
  }

  /** Runs one of the process's commands. Rejects with the `NexusError` that it failed with. */
  run<K extends keyof C>(command: K, ...args: Parameters<C[K]>): Promise<Awaited<ReturnType<C[K]>>> {
    const id = this.#nextId++
    const waiting = Promise.withResolvers<unknown>()
    this.#pending.set(id, waiting)
    this.child.send({ id, command, args })
    return waiting.promise as Promise<Awaited<ReturnType<C[K]>>>
  }

  /** Closes the process's channel, by which it ends when nothing else keeps it. */
  async end(): Promise<void> {
    if (!this.ended) {
      const exited = once(this.child, 'exit')
      this.child.disconnect()
      await exited
    }
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    if (!this.ended) {
      const exited = once(this.child, 'exit')
      this.child.kill('SIGKILL')
      await exited
    }
  }

  #onMessage({ id, result, error }: Answer): void {
    const waiting = this.#pending.get(id as number)
    this.#pending.delete(id as number)

    if (error === undefined) {
      waiting?.resolve(result)
    } else {
      const { code, message, reason } = error
      waiting?.reject(new NexusError(code, message, { reason }))
    }
  }
}

/** Runs the commands that the parent asks for. Ends this process when the parent is gone. */
export function answerCommands<C extends CommandTable<C>>(commands: C): void {
  process.on('message', async ({ id, command, args }: { id: number; command: keyof C; args: never[] }) => {
    try {
      const result = await commands[command](...args)
      process.send?.({ id, result })
    } catch (error) {
      const code = error instanceof NexusError ? error.code : 'UNEXPECTED'
      process.send?.({ id, error: { code, message: String(error), reason: (error as NexusError).reason } })
    }
  })
}

/** Processor time that this process has taken, in ms. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}
