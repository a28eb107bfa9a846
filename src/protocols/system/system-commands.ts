import type { Logger } from '@libp2p/interface'
import { MAX_SYSTEM_BODY_BYTES, MAX_SYSTEM_CALLS } from '../../constants.ts'
import { NexusError, toNexusError } from '../../errors.ts'
import { anyOf } from '../../lib/abort.ts'
import { KeyedCounter } from '../../lib/keyed-counter.ts'
import type { Json } from '../../types.ts'
import { decodeBody, encodeBody } from '../body/body.ts'
import { UserLimits } from '../peers/user-limits.ts'
import type { ReceivedRequest } from '../session/session.ts'
import type { SessionManager } from '../session/session-manager.ts'
import type { PeerSession } from '../session/session-table.ts'
import type { SystemCallOptions, SystemCalls, SystemCommand, SystemHandler } from './system-calls.ts'

export interface SystemCommandsInit {
  sessions: SessionManager
  /** What each user may have. Default: those of everybody. */
  users?: UserLimits
  log: Logger
}

/** Commands of the mesh itself, on the same sessions as the application's. */
export class SystemCommands implements SystemCalls {
  readonly #sessions: SessionManager
  readonly #log: Logger
  readonly #handlers = new Map<string, SystemHandler>()
  /** Commands being answered, by peer. */
  readonly #running = new KeyedCounter<string>()
  /** The same, by user. */
  readonly #runningOfUser = new KeyedCounter<string>()
  readonly #users: UserLimits

  constructor(init: SystemCommandsInit) {
    this.#sessions = init.sessions
    this.#users = init.users ?? new UserLimits()
    this.#log = init.log
    init.sessions.serveSystem((request, from) => void this.#onRequest(request, from))
  }

  serve(command: SystemCommand, handler: SystemHandler): void {
    this.#handlers.set(command, handler)
  }

  async call(peerId: string, command: SystemCommand, body: Json, options: SystemCallOptions): Promise<Json> {
    const { timeoutMs } = options
    const { type, bytes } = encodeBody(body, MAX_SYSTEM_BODY_BYTES)
    const timeout = AbortSignal.timeout(timeoutMs)
    const signal = options.signal === undefined ? timeout : anyOf([options.signal, timeout])

    try {
      const { session } = await this.#sessions.open(peerId, signal)
      const answer = await session.request({ cmd: command, type, body: bytes, timeoutMs, signal })
      return decodeBody(answer.type, answer.body) as Json
    } catch (error) {
      throw timeout.aborted && options.signal?.aborted !== true
        ? new NexusError('TIMEOUT', `no answer within ${timeoutMs} ms`, { cause: error })
        : error
    }
  }

  async #onRequest(request: ReceivedRequest, from: PeerSession): Promise<void> {
    const handler = this.#handlers.get(request.cmd)
    // The peer may show another certificate meanwhile.
    const { peerId, uid } = from.peer

    if (handler === undefined) {
      request.fail('NO_HANDLER', `no such system command: ${request.cmd}`)
      return
    }

    if (this.#running.of(peerId) >= MAX_SYSTEM_CALLS) {
      request.fail('BUSY', `${MAX_SYSTEM_CALLS} system commands of a peer are answered at a time`)
      return
    }

    const most = this.#users.most(uid, 'systemCalls', MAX_SYSTEM_CALLS)

    if (this.#runningOfUser.of(uid) >= most) {
      request.fail('BUSY', `the limit of a user: ${most} system commands of all its blocks are answered at a time`)
      return
    }

    this.#running.add(peerId)
    this.#runningOfUser.add(uid)

    try {
      const answer = await handler(decodeBody(request.type, request.body) as Json, from.peer, request.signal)
      const { type, bytes } = encodeBody(answer, MAX_SYSTEM_BODY_BYTES)
      request.respond(type, bytes)
    } catch (error) {
      if (!(error instanceof NexusError)) {
        this.#log.error('%s failed: %e', request.cmd, error)
      }
      const { code, message } = toNexusError(error, 'HANDLER_FAILED', `${request.cmd} failed`)
      request.fail(code, message)
    } finally {
      this.#running.remove(peerId)
      this.#runningOfUser.remove(uid)
    }
  }
}
