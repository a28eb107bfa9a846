import { type Entry, type Room, UserLine } from './fair-lines.ts'
import { isThenable } from './is-thenable.ts'
import { inNextTurn } from './next-turn.ts'

/** How long work goes on before the event loop has its turn. */
const SLICE_MS = 1
/** A user that had something to do counts for so long. */
const SHARED_MS = 1_000

export interface FairQueueInit<T> {
  /** Does the work. Must not throw or reject; while it returns a promise the next waits, to the next turn at most. */
  run: (item: T) => unknown
  /** What may wait of one sender, and of one user. */
  sender: Room
  user: Room
  /** Told of what was in line and lost its place to another sender of the same user. */
  onDrop?: (item: T) => void
  /** Milliseconds until the next piece of this sender may be done. Default: 0. */
  delayOf?: (user: string, sender: string) => number
  /** In ms that never go back. */
  now: () => number
  /** How long work goes on in one turn of the event loop. Default 1. */
  sliceMs?: number
  /** The same while there is one user alone: fewer turns cost less. Default: `sliceMs`. */
  aloneSliceMs?: number
}

/**
 * Work in fair turns: each user in turn, and of a user each sender in turn. Who has much to do waits for itself and for
 * nobody else. It is done at once while there is time, a millisecond in one turn of the event loop, and waits for the
 * next turns beyond that: calls, timers and input go between. What waits is bounded for each sender and user.
 */
export class FairQueue<T> {
  readonly #init: FairQueueInit<T>
  readonly #sliceMs: number
  readonly #aloneSliceMs: number
  /** In the order of their turns. Only those are here who have something to do. */
  readonly #users = new Map<string, UserLine<T>>()
  #size = 0
  /** Who had something to do last, and until when it shares with another. */
  #latest: string | undefined
  #sharedUntil = Number.NEGATIVE_INFINITY
  #shared = false
  /** When the time of this turn is over; `undefined` before anything was done in it. */
  #sliceEnd: number | undefined
  /** Something that was begun in this turn has not ended. */
  #busy = false
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(init: FairQueueInit<T>) {
    this.#init = init
    this.#sliceMs = init.sliceMs ?? SLICE_MS
    this.#aloneSliceMs = init.aloneSliceMs ?? this.#sliceMs
  }

  /** How much waits. */
  get size(): number {
    return this.#size
  }

  /** Whether several users had something to do lately. */
  get isShared(): boolean {
    return this.#shared
  }

  /** What waits of a sender. */
  waiting(user: string, sender: string): Readonly<Room> {
    return this.#users.get(user)?.senders.get(sender) ?? NOTHING
  }

  /**
   * Whether something of this sender may be done at once, by who asks: nothing is in line, and there is time. It need not
   * be pushed then.
   */
  takeTime(user: string, sender: string): boolean {
    this.#note(user)

    if (this.#size > 0 || !this.#hasTime || this.#delayOf(user, sender) > 0) {
      return false
    }

    this.#beginTurn()
    return true
  }

  /** Does the work, at once or in its turn. `false`: there was no room for it. */
  push(user: string, sender: string, item: T, bytes: number): boolean {
    if (this.takeTime(user, sender)) {
      this.#run(item)
      return true
    }

    if (!this.#makeRoom(user, sender, bytes)) {
      return false
    }

    const line = this.#users.get(user) ?? new UserLine<T>()
    this.#users.set(user, line)
    line.add(sender, { item, bytes })
    this.#size++
    this.#work()
    return true
  }

  /** Forgets what waits. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#users.clear()
    this.#size = 0
  }

  get #hasTime(): boolean {
    return !this.#busy && (this.#sliceEnd === undefined || this.#init.now() < this.#sliceEnd)
  }

  #delayOf(user: string, sender: string): number {
    return this.#init.delayOf?.(user, sender) ?? 0
  }

  readonly #work = (): void => {
    while (this.#size > 0 && this.#hasTime) {
      const entry = this.#take()

      if (entry === undefined) {
        return
      }
      this.#run(entry.item)
    }
  }

  #note(user: string): void {
    if (user === this.#latest) {
      return
    }

    if (this.#latest !== undefined) {
      const now = this.#init.now()
      this.#sharedUntil = now + SHARED_MS
      this.#shared = true
      this.#sliceEnd &&= Math.min(this.#sliceEnd, now + this.#sliceMs)
    }
    this.#latest = user
  }

  #beginTurn(): void {
    if (this.#sliceEnd === undefined) {
      const now = this.#init.now()
      this.#shared = now < this.#sharedUntil
      this.#sliceEnd = now + (this.#shared ? this.#sliceMs : this.#aloneSliceMs)
      inNextTurn(this.#endTurn)
    }
  }

  #run(item: T): void {
    this.#beginTurn()
    const result = this.#init.run(item)

    if (isThenable(result)) {
      this.#busy = true
      result.then(this.#onDone, this.#onDone)
    }
  }

  readonly #onDone = (): void => {
    this.#busy = false
    this.#work()
  }

  readonly #endTurn = (): void => {
    this.#sliceEnd = undefined
    this.#busy = false
    this.#work()
  }

  /** The next in turn of those that need not wait. When all have to, it is tried again when the first one may. */
  #take(): Entry<T> | undefined {
    let soonest = Number.POSITIVE_INFINITY

    for (const [user, line] of this.#users) {
      const next = line.take((sender) => this.#delayOf(user, sender))

      if (typeof next !== 'number') {
        this.#size--
        this.#users.delete(user)

        if (line.items > 0) {
          this.#users.set(user, line)
        }
        return next
      }
      soonest = Math.min(soonest, next)
    }

    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#work, Math.ceil(soonest))
    return undefined
  }

  /** Over the room of a user it is the sender with the most in line that loses. */
  #makeRoom(user: string, sender: string, bytes: number): boolean {
    const line = this.#users.get(user)

    if (line === undefined) {
      return true
    }

    const own = line.senders.get(sender) ?? NOTHING

    if (isOver(own, bytes, this.#init.sender)) {
      return false
    }

    while (isOver(line, bytes, this.#init.user)) {
      const longest = line.longest()

      if (longest.bytes <= own.bytes + bytes) {
        return false
      }
      this.#size--
      this.#init.onDrop?.(line.dropLast(longest).item)
    }
    return true
  }
}

const NOTHING: Room = { items: 0, bytes: 0 }

// What is larger than all the room gets in alone.
function isOver(line: Room, bytes: number, room: Room): boolean {
  return line.items > 0 && (line.items >= room.items || line.bytes + bytes > room.bytes)
}
