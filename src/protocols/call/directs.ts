import { MAX_ASSEMBLY_BYTES, MAX_IN_FLIGHT } from '../../constants.ts'
import { NexusError } from '../../errors.ts'
import type { HandlerErrorReporter } from '../../lib/handler-errors.ts'
import type { DirectHandler, DirectMessage, DirectRequest, Identity } from '../../types.ts'
import { decodeBody, encodeBody } from '../body/body.ts'
import { checkCallOptions, checkTarget } from '../find/target.ts'
import type { ReceivedDirect } from '../session/session.ts'
import type { PeerSession } from '../session/session-table.ts'
import type { Access } from './access.ts'
import type { Router } from './router.ts'

export interface DirectsInit {
  self: Identity
  access: Access
  routing: Router
  bodyLimitBytes: number
  onHandlerError: HandlerErrorReporter
}

/** One-way messages to and from workers. */
export class Directs {
  readonly #init: DirectsInit
  /** Each for the bodies that it says: nothing here checks them. */
  readonly #handlers = new Set<DirectHandler<any>>()
  #running = 0
  /** Of bodies whose handlers have not ended. */
  #bytes = 0

  constructor(init: DirectsInit) {
    this.#init = init
  }

  /** Sends a message; resolves when the worker's node has taken it. */
  async send(request: DirectRequest): Promise<void> {
    checkTarget(request)
    checkCallOptions(request)
    const { type, bytes } = encodeBody(request.body ?? null, this.#init.bodyLimitBytes)

    await this.#init.routing.route(request, request, (to, timeoutMs) =>
      to.session.direct({ type, body: bytes, timeoutMs, signal: request.signal })
    )
  }

  /** Receives directs, and gives a function that ends it. Throws `FORBIDDEN` on a block that is no worker. */
  onDirect<B>(handler: DirectHandler<B>): () => void {
    if (this.#init.self.block !== 'worker') {
      throw new NexusError('FORBIDDEN', `only workers receive directs; this block is a ${this.#init.self.block}`)
    }

    if (typeof handler !== 'function') {
      throw new NexusError('INVALID', 'the handler of directs is no function')
    }

    this.#handlers.add(handler)
    return () => this.#handlers.delete(handler)
  }

  /** Takes a message that arrived. The sender is told that it was taken, not what became of it. */
  async onArrival(direct: ReceivedDirect, from: PeerSession): Promise<void> {
    this.#init.access.checkServes(from.peer)

    if (this.#handlers.size === 0) {
      throw new NexusError('NO_HANDLER', 'the worker receives no directs')
    }

    const size = direct.body.byteLength

    if (this.#running >= MAX_IN_FLIGHT || (this.#bytes > 0 && this.#bytes + size > MAX_ASSEMBLY_BYTES)) {
      throw new NexusError('BUSY', 'the worker has too many directs at a time')
    }

    for (const handler of this.#handlers) {
      // Each handler has a body of its own: what one does to it, another must not see.
      void this.#run(handler, { body: decodeBody(direct.type, direct.body), from: from.peer }, size)
    }
  }

  async #run(handler: DirectHandler, message: DirectMessage, size: number): Promise<void> {
    this.#running++
    this.#bytes += size

    try {
      await handler(message)
    } catch (error) {
      this.#init.onHandlerError(error, { kind: 'direct', from: message.from })
    } finally {
      this.#running--
      this.#bytes -= size
    }
  }
}
