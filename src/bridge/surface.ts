import { parseJid } from '../identity/jid.ts'
import type { ChannelMessage, DirectMessage, Nexus, Subscription, Target } from '../types.ts'
import { type MessageCallback, type MessageSpecs, messageSpecs } from './specs.ts'
import { asValue, checkBody, DONE, type Failure } from './values.ts'

/** Whom a call is for, with the names of the platform. */
export interface BridgeTarget {
  app: string
  ownership?: 'mine' | 'owner'
  /** The same as `ownership: 'mine'`. */
  onlymine?: boolean
  /** The same as `ownership: 'owner'`. */
  onlyowner?: boolean
  prioritize_mine?: boolean
  resource?: string
  jid?: string
}

export interface BridgeDirect extends BridgeTarget {
  body?: unknown
}

export interface BridgeCall extends BridgeDirect {
  cmd: string
  /** In ms. Default 30,000. */
  timeout?: number
  /** Gives up when it aborts. */
  signal?: AbortSignal
}

type Done = typeof DONE | Failure

declare global {
  /** Set by `App.Connect`, and by `connect` of a page. */
  var nexus: BridgeSurface
}

interface Listener {
  /** A channel, or `undefined` for directs. */
  channel: string | undefined
  callback: MessageCallback
}

/** The global `nexus`: the mesh with the names that the platform's workers know. Failures are values. */
export class BridgeSurface {
  /** The channels that this block is subscribed to. */
  readonly channels = new Set<string>()
  /** Given everything that comes. Own messages come here alone, not to the callbacks of `on`. */
  msgreceiver: MessageCallback | undefined
  readonly #nexus: Nexus
  readonly #onError: (error: unknown) => void
  readonly #listeners = new Map<string, Listener>()
  readonly #subscriptions = new Map<string, Promise<Subscription>>()
  #lastId = 0

  /** `onError` is told of what callbacks throw, and of subscriptions that fail unseen. */
  constructor(nexus: Nexus, onError: (error: unknown) => void) {
    this.#nexus = nexus
    this.#onError = onError

    if (nexus.identity.block === 'worker') {
      nexus.onDirect((message) => this.#receive(message))
    }
  }

  get connected(): boolean {
    return this.#nexus.status.state === 'online' || this.#nexus.status.state === 'degraded'
  }

  /** `direct(callback)` and `channel(name, callback)` give an id for `clearon`. */
  readonly on = {
    direct: (callback: MessageCallback): string => this.#listen(undefined, callback),
    channel: (name: string, callback: MessageCallback): string => {
      this.#subscription(name).catch(this.#onError)
      return this.#listen(name, callback)
    }
  }

  /** Calls a command and gives its answer, or the failure. */
  api<R = any>(call: BridgeCall): Promise<R | Failure> {
    return asValue(() =>
      this.#nexus.api<R>({
        ...targetOf(call),
        cmd: call.cmd,
        body: checkBody(call.body),
        timeoutMs: call.timeout,
        signal: call.signal
      })
    )
  }

  direct(direct: BridgeDirect): Promise<Done> {
    return asValue(async () => {
      await this.#nexus.direct({ ...targetOf(direct), body: checkBody(direct.body) })
      return DONE
    })
  }

  sendtojid(jid: string, body?: unknown): Promise<Done> {
    return asValue(async () => {
      await this.#nexus.direct({ app: parseJid(jid).app, jid, body: checkBody(body) })
      return DONE
    })
  }

  find(target: BridgeTarget): Promise<{ code: 0; jids: string[] } | Failure> {
    return asValue(async () => {
      const workers = await this.#nexus.find(targetOf(target))
      return { code: 0, jids: workers.map(({ jid }) => jid) }
    })
  }

  /** Receives a channel. Resolves with 0, or the failure. */
  subscribe(name: string): Promise<0 | Failure> {
    return asValue(async () => {
      await this.#subscription(name)
      return 0 as const
    })
  }

  unsubscribe(name: string): Promise<Done> {
    return asValue(async () => {
      const subscription = this.#subscriptions.get(name)
      this.#subscriptions.delete(name)
      this.channels.delete(name)
      await (await subscription)?.unsubscribe()
      return DONE
    })
  }

  /** Sends to everyone on a channel; subscribes first when needed. */
  sendtochannel(name: string, body?: unknown): Promise<Done> {
    return asValue(async () => {
      const checked = checkBody(body)
      await this.#subscription(name)
      await this.#nexus.publish(name, checked)
      return DONE
    })
  }

  /** Ends one callback by its id, those of a channel by its name, or all `direct`, `channel` or `all`. */
  clearon(which: string): void {
    for (const [id, { channel }] of this.#listeners) {
      const isKind = which === (channel === undefined ? 'direct' : 'channel')

      if (which === 'all' || which === id || which === channel || isKind) {
        this.#listeners.delete(id)
      }
    }
  }

  #subscription(name: string): Promise<Subscription> {
    const known = this.#subscriptions.get(name)

    if (known !== undefined) {
      return known
    }

    const subscription = this.#nexus.subscribe(name, (message) => this.#receive(message))
    this.#subscriptions.set(name, subscription)
    this.channels.add(name)
    subscription.catch(() => {
      this.#subscriptions.delete(name)
      this.channels.delete(name)
    })
    return subscription
  }

  #listen(channel: string | undefined, callback: MessageCallback): string {
    const id = `on${++this.#lastId}`
    this.#listeners.set(id, { channel, callback })
    return id
  }

  #receive(message: DirectMessage | ChannelMessage): void {
    const specs = messageSpecs(message, this.#nexus.identity)
    const callbacks = [...this.#listeners.values()]
      .filter(({ channel }) => !specs.itsme && (channel ?? null) === specs.channel)
      .map(({ callback }) => callback)

    for (const callback of this.msgreceiver === undefined ? callbacks : [...callbacks, this.msgreceiver]) {
      this.#hand(callback, specs)
    }
  }

  #hand(callback: MessageCallback, specs: MessageSpecs): void {
    try {
      Promise.resolve(callback(specs)).catch(this.#onError)
    } catch (error) {
      this.#onError(error)
    }
  }
}

function targetOf({ app, ownership, onlymine, onlyowner, prioritize_mine, resource, jid }: BridgeTarget): Target {
  const owned = ownership ?? (onlymine === true ? 'mine' : onlyowner === true ? 'owner' : undefined)
  return { app, ownership: owned, prioritizeMine: prioritize_mine, resource, jid }
}
