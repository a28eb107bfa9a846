import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { NexusError } from '../../src/errors.ts'
import type { Commands } from './block-process.ts'

const PROGRAM = new URL('./block-process.ts', import.meta.url).pathname

/** A block in an operating-system process of its own. */
export class BlockProcess {
  readonly #child: ChildProcess
  readonly #pending = new Map<number, PromiseWithResolvers<unknown>>()
  #nextId = 0
  /** Called with the id of each `count` call when its handler runs. */
  onExecuted: ((id: string) => void) | undefined

  constructor() {
    this.#child = fork(PROGRAM, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], serialization: 'advanced' })
    this.#child.on('message', (message: { id?: number; result?: unknown; error?: never; executed?: string }) =>
      this.#onMessage(message)
    )
    this.#child.on('exit', () => {
      for (const { reject } of this.#pending.values()) {
        reject(new Error('the process has ended'))
      }
      this.#pending.clear()
    })
  }

  /** Runs one of the process's commands. Rejects with the `NexusError` that it failed with. */
  run<C extends keyof Commands>(
    command: C,
    ...args: Parameters<Commands[C]>
  ): Promise<Awaited<ReturnType<Commands[C]>>> {
    const id = this.#nextId++
    const waiting = Promise.withResolvers<unknown>()
    this.#pending.set(id, waiting)
    this.#child.send({ id, command, args })
    return waiting.promise as Promise<Awaited<ReturnType<Commands[C]>>>
  }

  /** Leaves the mesh in order, and waits for the process to end. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit')
      await this.run('stop').catch(() => this.#child.kill('SIGKILL'))
      await exited
    }
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit')
      this.#child.kill('SIGKILL')
      await exited
    }
  }

  #onMessage({
    id,
    result,
    error,
    executed
  }: {
    id?: number
    result?: unknown
    error?: never
    executed?: string
  }): void {
    if (executed !== undefined) {
      this.onExecuted?.(executed)
      return
    }

    const waiting = this.#pending.get(id as number)
    this.#pending.delete(id as number)

    if (error === undefined) {
      waiting?.resolve(result)
    } else {
      const { code, message, reason } = error as { code: never; message: string; reason: never }
      waiting?.reject(new NexusError(code, message, { reason }))
    }
  }
}
