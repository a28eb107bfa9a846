import { cancelled, NexusError, stopped } from '../../errors.ts'
import { onAbort, waitUntilAborted } from '../../lib/abort.ts'
import { decodeError } from '../body/error-data.ts'
import type { Answer, SessionDirect, SessionRequest } from './session.ts'
import type { SessionRouter } from './session-router.ts'
import type { PeerSession } from './session-table.ts'

const NOTHING = new Uint8Array(0)

/**
 * The session of a block with itself, for a worker that calls its own app: libp2p cannot dial its own peer id. It keeps
 * the promises of a real one: bodies are copies, time and cancellation hold, nothing runs in the caller's stack.
 */
export class LoopbackSession {
  readonly #router: SessionRouter
  readonly #self: () => PeerSession
  readonly #running = new Set<(error: NexusError) => void>()
  #becameIdle: PromiseWithResolvers<void> | undefined
  #stopped = false

  constructor(router: SessionRouter, self: () => PeerSession) {
    this.#router = router
    this.#self = self
  }

  request({ cmd, type, body, timeoutMs, signal }: SessionRequest): Promise<Answer> {
    return this.#race(timeoutMs, signal, (abort, resolve, reject) => {
      this.#router.onRequest(
        {
          cmd,
          type,
          body: new Uint8Array(body),
          isBodyOwn: true,
          timeoutMs,
          signal: abort,
          release: () => undefined,
          respond: (answerType, bytes) => resolve({ type: answerType, body: new Uint8Array(bytes), isBodyOwn: true }),
          fail: (code, message, data = NOTHING) => reject(decodeError(code, message, data))
        },
        this.#self()
      )
    })
  }

  direct({ type, body, timeoutMs, signal }: SessionDirect): Promise<void> {
    return this.#race(timeoutMs, signal, (_abort, resolve, reject) => {
      this.#router.onDirect({ type, body: new Uint8Array(body) }, this.#self()).then(resolve, reject)
    })
  }

  sendGrant(grant: string, issuerCertificate?: string): void {
    this.#router.onGrant(this.#self(), grant, issuerCertificate)
  }

  /** Refuses new calls, waits until those under way ended or `signal` aborts, and fails the rest with `STOPPED`. */
  async stop(signal: AbortSignal): Promise<void> {
    this.#stopped = true

    if (this.#running.size > 0) {
      this.#becameIdle = Promise.withResolvers()
      await waitUntilAborted(this.#becameIdle.promise, signal)
    }

    for (const give of this.#running) {
      give(stopped())
    }
  }

  #race<T>(
    timeoutMs: number,
    signal: AbortSignal | undefined,
    start: (abort: AbortSignal, resolve: (value: T) => void, reject: (error: unknown) => void) => void
  ): Promise<T> {
    if (this.#stopped) {
      return Promise.reject(stopped())
    }

    if (signal?.aborted === true) {
      return Promise.reject(cancelled(signal))
    }

    const controller = new AbortController()
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const give = (error: NexusError): void => {
      controller.abort(error)
      reject(error)
    }
    const timer = setTimeout(() => give(new NexusError('TIMEOUT', `no answer within ${timeoutMs} ms`)), timeoutMs)
    const stopListening = onAbort(signal, () => give(cancelled(signal)))
    this.#running.add(give)

    queueMicrotask(() => {
      if (!controller.signal.aborted) {
        start(controller.signal, resolve, reject)
      }
    })

    return promise.finally(() => {
      clearTimeout(timer)
      stopListening()
      this.#running.delete(give)

      if (this.#running.size === 0) {
        this.#becameIdle?.resolve()
      }
    })
  }
}
