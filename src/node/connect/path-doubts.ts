import type { Connection, Logger } from '@libp2p/interface'
import { NexusError } from '../../errors.ts'
import { waitUntilAborted } from '../../lib/abort.ts'
import { now } from '../../lib/now.ts'
import type { Session } from '../../protocols/session/session.ts'
import type { Dialer } from './dialer.ts'

/** How long a doubted path may answer after another one has: this process may have read that one first. */
const GRACE_MS = 200
/** A path that says nothing for so long after it was doubted is closed, when another one answers. */
const DEAD_MS = 1_100
/** Another path is looked for again after so long, and twice as long each time. */
const RETRY_MS = 300
const MAX_RETRY_MS = 5_000
/** How long a path that has answered after all waits for its session to come back. */
const BACK_MS = 2_000
/** The longest time of a call. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1
/** A wait that takes longer than it should by this says that the process itself stood still. */
const STALL_MS = 100

export interface PathDoubtsInit {
  dialer: Pick<Dialer, 'another' | 'distrust' | 'trust'>
  /** Goes over to the best path with the session to a peer. */
  move: (peerId: string) => Promise<void>
  log: Logger
}

type Doubted = Pick<Session, 'ping' | 'endRepeatable'>

/**
 * Finds out whether a path is dead on which calls wait and nothing comes. A peer that says nothing may be busy, which only
 * another path can tell: where that one answers and this one does not, the session goes over, calls that may be repeated
 * go with it, and what else waits is ended when this one has been silent for over a second.
 */
export class PathDoubts {
  readonly #init: PathDoubtsInit
  readonly #doubted = new WeakSet<Connection>()

  constructor(init: PathDoubtsInit) {
    this.#init = init
  }

  /** Nothing has come on a session for a while, though calls wait. Never rejects. */
  async doubt(session: Doubted, connection: Connection): Promise<void> {
    if (this.#doubted.has(connection)) {
      return
    }

    this.#doubted.add(connection)

    try {
      await this.#findOut(session, connection)
    } catch (error) {
      this.#init.log('whether the path to %s is dead is not known: %e', connection.remotePeer, error)
    } finally {
      this.#doubted.delete(connection)
    }
  }

  async #findOut(session: Doubted, connection: Connection): Promise<void> {
    const { dialer, move, log } = this.#init
    const peerId = connection.remotePeer.toString()
    const began = now()
    const over = new AbortController()
    // Of a path that ends by itself nothing more is to be found out. The session keeps to its own end of a silence.
    session.ping({ timeoutMs: MAX_TIMEOUT_MS }).then(
      () => over.abort(),
      () => over.abort()
    )

    if (!(await this.#anotherAnswers(connection, over.signal)) || !(await staysSilent(over.signal, GRACE_MS))) {
      return
    }

    log('the path to %s says nothing, and another one answers', peerId)
    dialer.distrust(connection)
    await move(peerId)
    session.endRepeatable(new NexusError('LOST', 'nothing comes over the path any more, and another one answers'))

    if (await staysSilent(over.signal, DEAD_MS - (now() - began))) {
      connection.abort(new NexusError('LOST', 'nothing came over the path any more, while another one answered'))
    } else if (connection.status === 'open') {
      dialer.trust(connection)
      await waitUntilAborted(new Promise(() => undefined), AbortSignal.timeout(BACK_MS))
      await move(peerId)
    }
  }

  /** Whether the peer was heard on another path before it was on this one. */
  async #anotherAnswers(connection: Connection, over: AbortSignal): Promise<boolean> {
    for (let waitMs = RETRY_MS; !over.aborted; waitMs = Math.min(2 * waitMs, MAX_RETRY_MS)) {
      try {
        await this.#init.dialer.another(connection, over)
        return !over.aborted
      } catch {
        await staysSilent(over, waitMs)
      }
    }

    return false
  }
}

/** Whether the signal does not abort for so long. Time in which this process stood still does not count. */
async function staysSilent(over: AbortSignal, ms: number): Promise<boolean> {
  for (let left = Math.max(1, ms); !over.aborted; ) {
    const began = now()
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, left)
    await waitUntilAborted(promise, over)
    clearTimeout(timer)

    if (now() - began <= left + STALL_MS) {
      return !over.aborted
    }

    left = GRACE_MS
  }

  return false
}
