import { MAX_COMMAND_BYTES } from '../../constants.ts'
import { isAnswer, NexusError, toNexusError } from '../../errors.ts'
import type { Grant } from '../../identity/grant.ts'
import type { HandlerErrorReporter } from '../../lib/handler-errors.ts'
import { isThenable } from '../../lib/is-thenable.ts'
import type { ApiHandler, Identity } from '../../types.ts'
import { decodeBody, encodeBody } from '../body/body.ts'
import { encodeErrorData } from '../body/error-data.ts'
import type { ReceivedRequest } from '../session/session.ts'
import type { PeerSession } from '../session/session-table.ts'
import type { Access } from './access.ts'
import { WorkerGone } from './worker-gone.ts'

export interface ApiServerInit {
  access: Access
  bodyLimitBytes: number
  onHandlerError: HandlerErrorReporter
  /** What `ping` answers while it has no handler. Default `"pong"`. */
  pong?: unknown
}

/** The commands that this worker serves. */
export class ApiServer {
  readonly #init: ApiServerInit
  /** Each for the bodies that it says: nothing here checks them. */
  readonly #handlers = new Map<string, ApiHandler<any>>()

  constructor(init: ApiServerInit) {
    this.#init = init
  }

  /** Serves a command, and gives a function that ends it. Throws `INVALID` for a bad or taken name. */
  handle<B>(cmd: string, handler: ApiHandler<B>): () => void {
    checkCommand(cmd)

    if (typeof handler !== 'function') {
      throw new NexusError('INVALID', `the handler of '${cmd}' is no function`)
    }

    if (this.#handlers.has(cmd)) {
      throw new NexusError('INVALID', `the command '${cmd}' has a handler already`)
    }

    this.#handlers.set(cmd, handler)

    return () => {
      if (this.#handlers.get(cmd) === handler) {
        this.#handlers.delete(cmd)
      }
    }
  }

  /** Answers a request. The certificate is checked by the gate, the grant here, before the handler is looked up. */
  onRequest(request: ReceivedRequest, from: PeerSession): void {
    try {
      const { access } = this.#init
      // The peer may show another certificate while its grant is checked: the handler is given who was checked.
      const { peer } = from
      access.checkServes(peer)
      const grant = this.#answersPing(request) ? undefined : access.checkHasService(from)

      if (grant instanceof Promise) {
        grant
          .then((checked) => this.#runUnlessEnded(request, peer, checked))
          .catch((error) => this.#fail(request, error))
      } else {
        this.#run(request, peer, grant)
      }
    } catch (error) {
      this.#fail(request, error)
    }
  }

  // The caller may have cancelled, run out of time or been cut off while its grant was checked.
  #runUnlessEnded(request: ReceivedRequest, from: Identity, grant: Grant): void {
    if (request.signal.aborted) {
      request.fail('CANCELLED', 'ended before it was begun')
    } else {
      this.#run(request, from, grant)
    }
  }

  #run(request: ReceivedRequest, from: Identity, grant: Grant | undefined): void {
    const handler = this.#answersPing(request) ? () => this.#init.pong ?? 'pong' : this.#handlers.get(request.cmd)

    if (handler === undefined) {
      request.fail('NO_HANDLER', `the worker has no command '${request.cmd}'`)
      return
    }

    const body = decodeBody(request.type, request.body, request.isBodyOwn)
    request.release()
    const { cmd, timeoutMs } = request
    // The signal costs an AbortController: it is made when a handler asks for it.
    const context = {
      cmd,
      body,
      from,
      grantId: grant?.id,
      timeoutMs,
      get signal() {
        return request.signal
      }
    }

    let result: unknown

    try {
      result = handler(context)
    } catch (error) {
      this.#handlerFailed(request, from, error)
      return
    }

    if (isThenable(result)) {
      Promise.resolve(result)
        .then((value) => this.#respond(request, from, value))
        .catch((error) => this.#handlerFailed(request, from, error))
    } else {
      this.#respond(request, from, result)
    }
  }

  /** Older members ask so whether a worker lives: free of a grant, unless the application has taken the name. */
  #answersPing({ cmd }: ReceivedRequest): boolean {
    return cmd === 'ping' && !this.#handlers.has(cmd)
  }

  #respond(request: ReceivedRequest, from: Identity, result: unknown): void {
    try {
      const { type, bytes } = encodeBody(result ?? null, this.#init.bodyLimitBytes)
      request.respond(type, bytes)
    } catch (error) {
      const { code, message } = toNexusError(error, 'HANDLER_FAILED', 'the answer could not be encoded')
      this.#init.onHandlerError(error, { kind: 'api', cmd: request.cmd, from })
      request.fail(
        code === 'TOO_LARGE' ? code : 'HANDLER_FAILED',
        `the answer of '${request.cmd}' cannot be sent: ${message}`
      )
    }
  }

  // Whatever a handler throws, but for an APPLICATION error of its own, the caller learns that it threw and no more. Its
  // code does not travel either: a code that may be retried would run the command twice.
  #handlerFailed(request: ReceivedRequest, from: Identity, error: unknown): void {
    if (error instanceof WorkerGone) {
      request.fail(error.code, error.message)
      return
    }

    if (isAnswer(error)) {
      this.#answerError(request, from, error)
      return
    }

    // A handler that passes on why nobody waits any more did not fail.
    if (!request.signal.aborted || error !== request.signal.reason) {
      this.#init.onHandlerError(error, { kind: 'api', cmd: request.cmd, from })
    }

    request.fail('HANDLER_FAILED', `the handler of '${request.cmd}' failed`)
  }

  #answerError(request: ReceivedRequest, from: Identity, error: NexusError): void {
    try {
      request.fail('APPLICATION', error.message, encodeErrorData(error))
    } catch (failure) {
      const { message } = toNexusError(failure, 'INVALID', 'it cannot be encoded')
      this.#init.onHandlerError(failure, { kind: 'api', cmd: request.cmd, from })
      request.fail('HANDLER_FAILED', `the data of the error of '${request.cmd}' cannot be sent: ${message}`)
    }
  }

  #fail(request: ReceivedRequest, error: unknown): void {
    const { code, message } = toNexusError(error, 'HANDLER_FAILED', 'the request could not be served')
    request.fail(code, message)
  }
}

/** Throws `INVALID` unless this can be an application's command. */
export function checkCommand(cmd: unknown): asserts cmd is string {
  if (typeof cmd !== 'string' || cmd === '' || cmd.startsWith('$')) {
    throw new NexusError(
      'INVALID',
      `not a command: ${JSON.stringify(cmd)} (a non-empty string that does not start with $)`
    )
  }

  // A code unit has three bytes at most: short names, as most are, need no counting.
  if (cmd.length * 3 > MAX_COMMAND_BYTES && new TextEncoder().encode(cmd).byteLength > MAX_COMMAND_BYTES) {
    throw new NexusError('INVALID', `a command has ${MAX_COMMAND_BYTES} bytes at most`)
  }
}
