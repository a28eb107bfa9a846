import type { Logger } from '@libp2p/interface'
import { MAX_UNREAD_BYTES } from '../../constants.ts'
import { NexusError } from '../../errors.ts'
import type { CallReceiver } from './call-receiver.ts'
import type { CallSender } from './call-sender.ts'
import { type Frame, KIND } from './frame.ts'
import type { FrameWriter } from './frame-writer.ts'
import type { CallIds } from './session-context.ts'
import type { SessionHandlers } from './session-options.ts'

/** Frames with a text over its limit, of which an honest peer sends none: so many are answered on one session. */
const MAX_LONG_TEXTS = 10

export interface FrameDispatcherInit {
  ids: CallIds
  writer: FrameWriter
  outbound: CallSender
  inbound: CallReceiver
  handlers: Pick<SessionHandlers, 'onGrant' | 'onGoaway'>
  log: Logger
}

/** Gives each frame that arrives on a session to what it is for. */
export class FrameDispatcher {
  readonly #ids: CallIds
  readonly #writer: FrameWriter
  readonly #outbound: CallSender
  readonly #inbound: CallReceiver
  readonly #init: FrameDispatcherInit
  #peerGoesAway = false
  #longTexts = 0

  constructor(init: FrameDispatcherInit) {
    this.#init = init
    this.#ids = init.ids
    this.#writer = init.writer
    this.#outbound = init.outbound
    this.#inbound = init.inbound
  }

  /** The peer has said that it takes no new calls. */
  get peerGoesAway(): boolean {
    return this.#peerGoesAway
  }

  /** @param heardAt - when the bytes of the frame came, in ms that never go back */
  dispatch(frame: Frame, heardAt: number): void {
    if (frame.tooLong !== undefined && ++this.#longTexts > MAX_LONG_TEXTS) {
      throw new NexusError('INVALID', `the peer sends frames whose '${frame.tooLong.name}' is over its limit`)
    }

    switch (frame.kind) {
      case KIND.REQUEST:
      case KIND.DIRECT:
        this.#inbound.open(frame, heardAt)
        this.#checkUnread()
        break
      case KIND.RESPONSE:
      case KIND.ERROR:
      case KIND.ACK:
        this.#outbound.receive(frame, heardAt)
        break
      case KIND.PART:
      case KIND.END:
      case KIND.CANCEL:
        ;(this.#ids.owns(frame.id) ? this.#outbound : this.#inbound).receive(frame, heardAt)
        break
      case KIND.PING:
        this.#writer.write({ kind: KIND.ACK, id: frame.id })
        this.#checkUnread()
        break
      default:
        this.#dispatchRare(frame)
    }
  }

  #dispatchRare(frame: Frame): void {
    const { handlers, log } = this.#init

    try {
      if (frame.kind === KIND.GOAWAY) {
        this.#peerGoesAway = true
        handlers.onGoaway()
      } else if (frame.kind === KIND.GRANT) {
        handlers.onGrant(frame.grant, frame.issuerCertificate === '' ? undefined : frame.issuerCertificate)
      }
    } catch (error) {
      log.error('a handler of the session failed: %e', error)
    }
  }

  /** Refusals are small, but a peer that reads none of them can have any number of them queued. */
  #checkUnread(): void {
    if (this.#writer.queuedBytes > 2 * MAX_UNREAD_BYTES) {
      throw new NexusError('INVALID', 'the peer does not read what it is sent')
    }
  }
}
