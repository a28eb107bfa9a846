import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Order } from './orders.ts'

const PROGRAM = join(import.meta.dirname, 'process.ts')

/** A process with orders and answers. */
export class Player {
  readonly #child: ChildProcess = fork(PROGRAM, { serialization: 'advanced' })
  readonly #pending = new Map<number, (result: unknown) => void>()
  #next = 0

  constructor() {
    this.#child.on('message', ({ id, result }: { id: number; result: unknown }) => this.#pending.get(id)?.(result))
  }

  order<T>(order: Order): Promise<T> {
    const id = this.#next++
    return new Promise((resolve, reject) => {
      this.#pending.set(id, (result) => {
        const error = (result as { error?: string } | undefined)?.error
        return error === undefined ? resolve(result as T) : reject(new Error(error))
      })
      this.#child.send({ id, order })
    })
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit')
    this.#child.send({ id: -1, order: { do: 'stop' } })
    await exited
  }
}
