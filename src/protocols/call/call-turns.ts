import { toNexusError } from '../../errors.ts'
import { FairQueue } from '../../lib/fair-queue.ts'
import { now } from '../../lib/now.ts'
import { SharedPace } from '../../lib/shared-pace.ts'
import type { ReceivedDirect, ReceivedRequest } from '../session/received-call.ts'
import type { SessionRouter } from '../session/session-router.ts'
import type { PeerSession } from '../session/session-table.ts'

/** How long handlers are begun in one turn of the event loop, beside other users and alone. */
const SLICE_MS = 2
const ALONE_MS = 20
/** Calls a second. One user at so many of the cheapest takes a third of a core. */
const PACE = { allPerSecond: 20_000, leastPerSecond: 10_000 }
/** How many may wait is limited where calls are counted. */
const UNLIMITED = { items: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY }

/**
 * Begins the handlers of calls in fair turns, by user and by block: whoever sends thousands at once waits for itself.
 * While there is time a call is begun as it arrives. And while others call, too, a user goes on at its share: what it
 * costs to read calls and write answers is outside these turns.
 */
export class CallTurns implements SessionRouter {
  readonly #routes: SessionRouter
  readonly #pace = new SharedPace({ ...PACE, now })
  readonly #queue: FairQueue<() => void> = new FairQueue<() => void>({
    run: (begin) => {
      begin()
    },
    sender: UNLIMITED,
    user: UNLIMITED,
    sliceMs: SLICE_MS,
    aloneSliceMs: ALONE_MS,
    delayOf: (user): number => (this.#queue.isShared ? this.#pace.delayOf(user, user) : 0),
    now
  })

  constructor(routes: SessionRouter) {
    this.#routes = routes
  }

  onRequest(request: ReceivedRequest, from: PeerSession): void {
    if (this.#queue.takeTime(from.peer.uid, from.peer.peerId)) {
      this.#charge(from)
      this.#routes.onRequest(request, from)
    } else {
      this.#wait(from, () => this.#begin(request, from))
    }
  }

  onDirect(direct: ReceivedDirect, from: PeerSession): Promise<void> {
    if (this.#queue.takeTime(from.peer.uid, from.peer.peerId)) {
      this.#charge(from)
      return this.#routes.onDirect(direct, from)
    }

    return new Promise((resolve, reject) => {
      this.#wait(from, () => this.#routes.onDirect(direct, from).then(resolve, reject))
    })
  }

  onGrant(from: PeerSession, grant: string, issuerCertificate: string | undefined): void {
    this.#routes.onGrant(from, grant, issuerCertificate)
  }

  #wait(from: PeerSession, begin: () => void): void {
    const work = (): void => {
      this.#charge(from)
      begin()
    }
    this.#queue.push(from.peer.uid, from.peer.peerId, work, 0)
  }

  #charge({ peer: { uid } }: PeerSession): void {
    if (this.#queue.isShared) {
      this.#pace.charge(uid, uid, 1)
    }
  }

  // The caller may have cancelled, run out of time or been cut off while the call was in line.
  #begin(request: ReceivedRequest, from: PeerSession): void {
    try {
      if (request.signal.aborted) {
        request.fail('CANCELLED', 'ended before it was begun')
      } else {
        this.#routes.onRequest(request, from)
      }
    } catch (error) {
      const { code, message } = toNexusError(error, 'HANDLER_FAILED', 'the call failed')
      request.fail(code, message)
    }
  }
}
