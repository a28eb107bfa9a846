import { NexusError, type NexusErrorCode } from '../errors.ts'
import type { Answer, SessionDirect, SessionRequest } from './session.ts'
import type { PeerSession, SessionRouter } from './sessions.ts'

/**
 * The session of a block with itself, for a worker that calls its own app: libp2p cannot dial its own peer id. It keeps
 * the promises of a real one: bodies are copies, time and cancellation hold, nothing runs in the caller's stack.
 */
export class Loopback {
  readonly #router: SessionRouter
  readonly #self: () => PeerSession

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
          body: body.slice(),
          timeoutMs,
          signal: abort,
          respond: (answerType, bytes) => resolve({ type: answerType, body: bytes.slice() }),
          fail: (code: NexusErrorCode, message: string) => reject(new NexusError(code, message))
        },
        this.#self()
      )
    })
  }

  direct({ type, body, timeoutMs, signal }: SessionDirect): Promise<void> {
    return this.#race(timeoutMs, signal, (_abort, resolve, reject) => {
      this.#router.onDirect({ type, body: body.slice() }, this.#self()).then(resolve, reject)
    })
  }

  sendGrant(grant: string, issuerCertificate?: string): void {
    this.#router.onGrant(this.#self(), grant, issuerCertificate)
  }

  #race<T>(
    timeoutMs: number,
    signal: AbortSignal | undefined,
    start: (abort: AbortSignal, resolve: (value: T) => void, reject: (error: unknown) => void) => void
  ): Promise<T> {
    const controller = new AbortController()
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const give = (error: NexusError): void => {
      controller.abort(error)
      reject(error)
    }
    const onAbort = (): void => give(new NexusError('CANCELLED', 'cancelled by the caller', { cause: signal?.reason }))
    const timer = setTimeout(() => give(new NexusError('TIMEOUT', `no answer within ${timeoutMs} ms`)), timeoutMs)
    signal?.addEventListener('abort', onAbort, { once: true })

    queueMicrotask(() => {
      if (!controller.signal.aborted) {
        start(controller.signal, resolve, reject)
      }
    })

    return promise.finally(() => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    })
  }
}
