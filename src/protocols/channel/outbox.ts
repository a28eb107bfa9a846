import { MAX_BATCH_BYTES, MAX_BATCH_MESSAGES } from '../../constants.ts'
import { cancelled, type NexusError, stopped, toNexusError } from '../../errors.ts'
import { onAbort } from '../../lib/abort.ts'
import type { ByteBudget } from '../../lib/byte-budget.ts'
import { DeadlineTimer } from '../../lib/deadline-timer.ts'
import { now as monotonicNow } from '../../lib/now.ts'
import type { CallOptions, Clock } from '../../types.ts'
import type { EncodedBody } from '../body/body.ts'
import type { ChannelItem } from '../pb/channel.ts'
import { BatchGap } from './batch-gap.ts'
import { BatchSealer } from './batches.ts'
import type { ChannelCipher } from './cipher.ts'
import { takeRoom, timedOut } from './room-in-time.ts'
import { SentMarks } from './sent-marks.ts'

export interface ChannelOutboxInit {
  /** This block's peer id. */
  self: string
  /** This block's, which its messages bear the time of. */
  clock: Clock
  cipher: ChannelCipher
  /** Bytes that wait to be sent, on all channels together. */
  budget: ByteBudget
  /** Waits until the subscribers of the channel are known, before each batch. Never rejects. */
  ready: () => Promise<void> | undefined
  /** Hands a batch over to gossip; gives to how many peers. */
  publish: (payload: Uint8Array<ArrayBuffer>) => Promise<number>
  /** Told of each batch as it leaves, for this block's own handlers. */
  onSend: (first: number, items: ChannelItem[]) => void
}

interface Waiting {
  body: EncodedBody
  /** When its time is over; `Infinity` without a limit. */
  deadline: number
  resolve: (recipients: number) => void
  reject: (error: NexusError) => void
}

/**
 * Sends the messages of this block on one channel: the first one leaves at once, those that come while it is being
 * published leave together in the next batch. Messages are numbered in the order in which they were given.
 */
export class ChannelOutbox {
  readonly #init: ChannelOutboxInit
  readonly #sealer: BatchSealer
  readonly #gap = new BatchGap()
  readonly #marks = new SentMarks({ say: () => void this.#sayNext() })
  #queue: Waiting[] = []
  #next = 0
  #sending = false
  #stopped = false
  /** Messages that were given and have not left. */
  #pending = 0
  #becameIdle: PromiseWithResolvers<void> | undefined
  readonly #timer = new DeadlineTimer(monotonicNow, (now) => this.#expire(now))

  constructor(init: ChannelOutboxInit) {
    this.#init = init
    this.#sealer = new BatchSealer(init)
  }

  /** Resolves when nothing waits here, in line for room either. */
  async onIdle(): Promise<void> {
    if (this.#pending > 0) {
      this.#becameIdle ??= Promise.withResolvers()
      await this.#becameIdle.promise
    }
  }

  /**
   * Resolves when the message was handed to gossip, with the number of peers. Rejects with `CANCELLED` when the signal
   * aborts before it leaves, with `TIMEOUT` when its time is over before it leaves, and with `STOPPED`. What has begun
   * to leave is not taken back: it is handed over within a second.
   */
  async send(body: EncodedBody, { signal, timeoutMs }: CallOptions = {}): Promise<number> {
    const { budget } = this.#init
    const size = body.bytes.byteLength
    const deadline = timeoutMs === undefined ? Number.POSITIVE_INFINITY : monotonicNow() + timeoutMs
    let hasRoom = false
    this.#pending++

    try {
      await takeRoom(budget, size, { signal, timeoutMs })
      hasRoom = true
      return await this.#enqueue(body, deadline, signal)
    } finally {
      this.#pending--

      if (hasRoom) {
        budget.give(size)
      }

      if (this.#pending === 0) {
        this.#becameIdle?.resolve()
        this.#becameIdle = undefined
      }
    }
  }

  /** What has not left yet is rejected with `STOPPED`. */
  stop(): void {
    this.#stopped = true
    this.#timer.stop()
    this.#marks.stop()
    const queue = this.#queue
    this.#queue = []

    for (const { reject } of queue) {
      reject(stopped())
    }
  }

  #enqueue(body: EncodedBody, deadline: number, signal: AbortSignal | undefined): Promise<number> {
    if (this.#stopped) {
      throw stopped()
    }

    return new Promise((resolve, reject) => {
      const waiting: Waiting = { body, deadline, resolve, reject }
      this.#queue.push(waiting)
      this.#gap.onGiven()
      this.#timer.set(deadline, monotonicNow())

      if (signal !== undefined) {
        this.#dropOnAbort(waiting, signal)
      }

      if (!this.#sending) {
        void this.#drain()
      }
    })
  }

  #dropOnAbort(waiting: Waiting, signal: AbortSignal): void {
    const { resolve, reject } = waiting
    const stopListening = onAbort(signal, () => {
      if (this.#drop(waiting)) {
        reject(cancelled(signal))
      }
    })
    waiting.resolve = (recipients) => {
      stopListening()
      resolve(recipients)
    }
    waiting.reject = (error) => {
      stopListening()
      reject(error)
    }
  }

  /** Whether it was still here. */
  #drop(waiting: Waiting): boolean {
    const index = this.#queue.indexOf(waiting)

    if (index >= 0) {
      this.#queue.splice(index, 1)
    }
    return index >= 0
  }

  /** Rejects what has waited for too long; gives when the next one will have. */
  #expire(now: number): number {
    const late = this.#queue.filter(({ deadline }) => deadline <= now)

    if (late.length > 0) {
      this.#queue = this.#queue.filter(({ deadline }) => deadline > now)

      for (const { reject } of late) {
        reject(timedOut())
      }
    }
    return this.#queue.reduce((next, { deadline }) => Math.min(next, deadline), Number.POSITIVE_INFINITY)
  }

  async #drain(): Promise<void> {
    this.#sending = true
    // Own handlers must not run inside the call of `publish`.
    await undefined

    while (this.#queue.length > 0) {
      await this.#init.ready()
      await this.#gap.wait()
      const batch = this.#takeBatch()

      if (batch.length > 0) {
        await this.#sendBatch(batch)
      }
    }
    this.#sending = false
  }

  #takeBatch(): Waiting[] {
    let bytes = 0
    let count = 0

    for (const { body } of this.#queue) {
      bytes += body.bytes.byteLength

      if (count === MAX_BATCH_MESSAGES || (count > 0 && bytes > MAX_BATCH_BYTES)) {
        break
      }
      count++
    }

    return this.#queue.splice(0, count)
  }

  async #sendBatch(batch: Waiting[]): Promise<void> {
    const first = this.#next
    this.#next += batch.length

    try {
      const items = batch.map(({ body }) => ({ body: body.bytes as Uint8Array<ArrayBuffer>, type: body.type }))
      this.#init.onSend(first, items)
      const recipients = await this.#init.publish(await this.#sealer.seal(first, items))
      this.#gap.onLeft()
      this.#marks.onSent()

      for (const { resolve } of batch) {
        resolve(recipients)
      }
    } catch (error) {
      for (const { reject } of batch) {
        reject(toNexusError(error, 'UNREACHABLE', 'the message could not be published'))
      }
    }
  }

  /** A batch of none: those who lost the last message learn of it. */
  async #sayNext(): Promise<void> {
    if (this.#sending || this.#stopped) {
      return
    }

    try {
      await this.#init.publish(await this.#sealer.seal(this.#next, []))
    } catch {
      // Said again later, and with the next message.
    }
  }
}
