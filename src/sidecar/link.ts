import type { Logger, Stream } from '@libp2p/interface'
import { DEFAULT_BODY_LIMIT_BYTES, MAX_TIMER_MS } from '../constants.ts'
import { NexusError, toNexusError } from '../errors.ts'
import { decodeBody, encodeBody } from '../protocols/body/body.ts'
import { encodeErrorData } from '../protocols/body/error-data.ts'
import { WorkerGone } from '../protocols/call/worker-gone.ts'
import { type ReceivedRequest, Session } from '../protocols/session/session.ts'
import type { ApiContext, Json, Nexus, ReceivedBody } from '../types.ts'
import { EventQueue } from './event-queue.ts'
import { REQUESTS, type RequestName, type RequestOf, readRequest } from './requests.ts'
import { Subscriptions } from './subscriptions.ts'

/** The version of the link (docs/LINK.md). */
export const LINK_VERSION = 1
/** What the names and members round a body take. */
const ENVELOPE_BYTES = 64 * 1024
/** A call's own deadline ends it, with a cancel over the link; the link's is for when that does not come. */
const GRACE_MS = 1_000

export interface LinkInit {
  stream: Stream
  packageVersion: string
  /** Starts the block. */
  join: (options: Record<string, unknown>) => Promise<Nexus>
  /** The link is to end, with what the process is to exit with; what is told first counts. `stop` closes it. */
  onEnd: (exitCode: number, reason?: string) => void
  log: Logger
}

/** Speaks with a program in another language for a block: what it asks the block does, what comes in is handed over. */
export class Link {
  readonly #init: LinkInit
  readonly #session: Session
  readonly #events: EventQueue
  readonly #handlers = new Map<string, () => void>()
  readonly #subscriptions: Subscriptions
  #nexus: Nexus | undefined
  #greeted = false
  #understood = false
  #endDirects: (() => void) | undefined

  constructor(init: LinkInit) {
    const bodyLimitBytes = DEFAULT_BODY_LIMIT_BYTES + ENVELOPE_BYTES
    this.#init = init
    this.#session = new Session({
      stream: init.stream,
      initiator: false,
      // The program is on this machine: a silent one is busy, not gone. Its end closes the pipe.
      limits: { bodyLimitBytes, silenceMs: MAX_TIMER_MS },
      log: init.log,
      handlers: {
        onRequest: (request) => void this.#answer(request),
        onDirect: () => Promise.reject(new NexusError('INVALID', 'the program sends requests alone')),
        onGrant: () => undefined,
        onGoaway: () => undefined,
        onClose: (error) => this.#end(error)
      }
    })
    this.#events = new EventQueue({ session: this.#session, bodyLimitBytes })
    this.#subscriptions = new Subscriptions({
      onMessage: (key, { body, from, itsMe, itsBro, seq }) =>
        this.#events.push({ event: 'channel', ...key, ...carry(body), from, itsMe, itsBro, seq }),
      onGap: (key, { from, missed }) => this.#events.push({ event: 'gap', ...key, from, missed }, missed)
    })
  }

  /** Ends the link, and calls at the program's handlers with it, and stops the block. */
  async stop(): Promise<void> {
    await Promise.all([this.#session.close(), this.#nexus?.stop()])
  }

  async #answer(request: ReceivedRequest): Promise<void> {
    const isGreeting = request.cmd === 'hello' && !this.#greeted
    this.#greeted ||= isGreeting

    try {
      const answer = await this.#run(request, isGreeting)
      const { type, bytes } = encodeBody(answer, DEFAULT_BODY_LIMIT_BYTES + ENVELOPE_BYTES)
      request.respond(type, bytes)
    } catch (error) {
      const failure = toNexusError(error, 'HANDLER_FAILED', 'the request failed')
      this.#init.log('%s failed: %e', request.cmd, error)
      request.fail(failure.code, failure.message, encodeErrorData(failure))
    }

    if (request.cmd === 'stop' && this.#nexus !== undefined) {
      this.#init.onEnd(0)
    } else if (isGreeting && this.#nexus === undefined) {
      this.#init.onEnd(this.#understood ? 1 : 3)
    }
  }

  async #run(request: ReceivedRequest, isGreeting: boolean): Promise<Json> {
    const { cmd } = request

    if (!Object.hasOwn(REQUESTS, cmd)) {
      throw new NexusError('NO_HANDLER', `there is no request '${cmd}'`)
    }

    const name = cmd as RequestName
    const body = readRequest(name, decodeBody(request.type, request.body))

    if (name === 'hello') {
      return this.#hello(body as RequestOf<'hello'>, isGreeting)
    }

    if (this.#nexus === undefined) {
      throw new NexusError('INVALID', 'hello comes first')
    }

    return this.#perform(name, body, this.#nexus, request)
  }

  async #hello({ version, options }: RequestOf<'hello'>, isGreeting: boolean): Promise<Json> {
    const { packageVersion, join } = this.#init

    if (!isGreeting) {
      throw new NexusError('INVALID', 'hello comes once')
    }

    if (version !== LINK_VERSION) {
      throw new NexusError(
        'INVALID',
        `the program speaks version ${version} of the link, this sidecar (nexus-mesh ${packageVersion}) version ${LINK_VERSION}: install the same version of both`
      )
    }

    this.#understood = true
    const nexus = await join(options)
    this.#nexus = nexus
    nexus.onStatus((status) => this.#events.pushStatus(status))
    const { identity, addresses, status } = nexus
    return {
      version,
      package: packageVersion,
      identity: { ...identity },
      addresses,
      status: { ...status, notices: status.notices.map((notice) => ({ ...notice })) }
    }
  }

  async #perform(name: RequestName, body: any, nexus: Nexus, { timeoutMs, signal }: ReceivedRequest): Promise<Json> {
    switch (name) {
      case 'api':
        return carry(await nexus.api<ReceivedBody>({ ...(body as RequestOf<'api'>), timeoutMs, signal }))
      case 'direct':
        await nexus.direct({ ...(body as RequestOf<'direct'>), timeoutMs, signal })
        return null
      case 'find': {
        const workers = await nexus.find({ ...(body as RequestOf<'find'>), timeoutMs, signal })
        return { workers: workers.map((worker) => ({ ...worker })) }
      }
      case 'publish': {
        const { channel, secret, body: message } = body as RequestOf<'publish'>
        return { peers: await nexus.publish(channel, message ?? null, { secret, signal }) }
      }
      case 'subscribe':
        return { reach: await this.#subscriptions.subscribe(nexus, body as RequestOf<'subscribe'>) }
      case 'unsubscribe':
        await this.#subscriptions.unsubscribe(body as RequestOf<'unsubscribe'>)
        return null
      case 'handle':
        return this.#handle(nexus, body as RequestOf<'handle'>)
      case 'unhandle':
        this.#handlers.get((body as RequestOf<'unhandle'>).cmd)?.()
        this.#handlers.delete((body as RequestOf<'unhandle'>).cmd)
        return null
      case 'listen':
        this.#endDirects ??= nexus.onDirect<ReceivedBody>(({ body: message, from }) => {
          this.#events.push({ event: 'direct', ...carry(message), from })
        })
        return null
      default:
        await nexus.stop()
        return null
    }
  }

  #handle(nexus: Nexus, { cmd }: RequestOf<'handle'>): null {
    if (!this.#handlers.has(cmd)) {
      this.#handlers.set(
        cmd,
        nexus.handle<ReceivedBody>(cmd, (context) => this.#call(context))
      )
    }

    return null
  }

  // What the program fails with, the caller hears as HANDLER_FAILED alone, as of any handler that throws, unless it is
  // an APPLICATION error: the program says by that that it answers it. That the program is gone is no failure of its
  // handler.
  async #call({ cmd, body, from, grantId, timeoutMs, signal }: ApiContext<ReceivedBody>): Promise<ReceivedBody> {
    const call = { cmd, ...carry(body), from: { ...from }, ...(grantId === undefined ? {} : { grantId }) }
    const { type, bytes } = encodeBody(call, DEFAULT_BODY_LIMIT_BYTES + ENVELOPE_BYTES)
    const deadline = { timeoutMs: timeoutMs + GRACE_MS, signal }
    const asked = this.#session.request({ cmd: 'call', type, body: bytes, ...deadline })
    const answer = await asked.catch((error: NexusError) => {
      if (error.code === 'APPLICATION') {
        throw new NexusError('APPLICATION', error.message, { data: error.data })
      }

      throw this.#session.closed ? new WorkerGone(error.code === 'UNREACHABLE' ? 'UNREACHABLE' : 'LOST', error) : error
    })
    return (decodeBody(answer.type, answer.body) as { body?: Json } | null)?.body ?? null
  }

  #end(error: Error | undefined): void {
    if (error instanceof NexusError && error.code === 'INVALID') {
      this.#init.onEnd(2, `what the program sent is no frame of the link: ${error.message}`)
    } else {
      this.#init.onEnd(0)
    }
  }
}

/** A body as a member: raw bytes, which JSON has not, in base64. */
function carry(body: ReceivedBody): { body: Json } | { bodyBase64: string } {
  return body instanceof Uint8Array ? { bodyBase64: Buffer.from(body).toString('base64') } : { body }
}
