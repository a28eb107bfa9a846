import { NexusError } from '../errors.ts'
import { checkCommand } from '../protocols/call/api-server.ts'
import type { ApiContext, Body, Nexus } from '../types.ts'
import { type ApiSpecs, apiSpecs } from './specs.ts'

/** A command's handler: what it gives is the answer. */
export type CommandHandler = (specs: ApiSpecs) => unknown

/** The commands of a worker. Each may have several handlers: all are called, and the first answer counts. */
export class Commands {
  readonly #handlers = new Map<string, CommandHandler[]>()
  readonly #onError: (error: unknown) => void
  #nexus: Nexus | undefined

  /** `onError` is told what a handler throws while another one has answered. */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  /** Throws `INVALID` for a bad name, or a handler that is no function. */
  add(cmd: string, handler: CommandHandler): void {
    checkCommand(cmd)

    if (typeof handler !== 'function') {
      throw new NexusError('INVALID', `the handler of '${cmd}' is no function`)
    }

    const known = this.#handlers.get(cmd)

    if (known === undefined) {
      this.#handlers.set(cmd, [handler])
      this.#serve(cmd)
    } else {
      known.push(handler)
    }
  }

  /** Serves them, and those that come later. */
  serve(nexus: Nexus): void {
    this.#nexus = nexus

    for (const cmd of this.#handlers.keys()) {
      this.#serve(cmd)
    }
  }

  #serve(cmd: string): void {
    this.#nexus?.handle(cmd, (context) => this.#answer(cmd, context))
  }

  async #answer(cmd: string, context: ApiContext<unknown>): Promise<Body> {
    const nothing = new NexusError('HANDLER_FAILED', `the handler of '${cmd}' gave nothing: it gives an object`)
    const answers = (this.#handlers.get(cmd) ?? []).map(async (handler) => {
      const answer = await handler(apiSpecs(context))

      if (answer === undefined || answer === null) {
        throw nothing
      }

      return answer as Body
    })

    try {
      const first = await Promise.any(answers)
      answers.forEach((answer) => {
        answer.catch((error: unknown) => (error === nothing ? undefined : this.#onError(error)))
      })
      return first
    } catch (failure) {
      const { errors } = failure as AggregateError
      throw errors.find((error) => error !== nothing) ?? nothing
    }
  }
}
