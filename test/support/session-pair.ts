import type { Stream } from '@libp2p/interface'
import { defaultLogger } from '@libp2p/logger'
import { streamPair } from '@libp2p/utils'
import { MAX_FRAME_BYTES } from '../../src/constants.ts'
import { encodeFrame, type Frame, type FrameFields, joined } from '../../src/protocols/session/frame.ts'
import { FrameDecoder } from '../../src/protocols/session/frame-decoder.ts'
import type { PeerLoad } from '../../src/protocols/session/peer-load.ts'
import {
  type ReceivedDirect,
  type ReceivedRequest,
  Session,
  type SessionHandlers,
  type SessionLimits
} from '../../src/protocols/session/session.ts'

/** One end of a session, with what arrived there. */
export interface SessionEnd {
  session: Session
  stream: Stream
  requests: ReceivedRequest[]
  directs: ReceivedDirect[]
  grants: Array<{ grant: string; issuerCertificate: string | undefined }>
  goaways: number
  /** The error of each `onClose`. */
  closes: Array<Error | undefined>
}

export interface SessionEndOptions {
  limits?: Partial<SessionLimits>
  handlers?: Partial<SessionHandlers>
  /** What the peer holds over all of its sessions. */
  load?: PeerLoad
}

export function sessionEnd(stream: Stream, initiator: boolean, options: SessionEndOptions = {}): SessionEnd {
  const end: Omit<SessionEnd, 'session'> = { stream, requests: [], directs: [], grants: [], goaways: 0, closes: [] }
  const handlers: SessionHandlers = {
    onRequest: (request) => void end.requests.push(request),
    onDirect: async (direct) => void end.directs.push(direct),
    onGrant: (grant, issuerCertificate) => void end.grants.push({ grant, issuerCertificate }),
    onGoaway: () => void end.goaways++,
    onClose: (error) => void end.closes.push(error),
    ...options.handlers
  }
  const log = defaultLogger().forComponent('nexus:test:session')
  const { limits, load } = options
  return Object.assign(end, { session: new Session({ stream, initiator, handlers, limits, load, log }) })
}

/** Two sessions that talk to each other in memory; `near` opened the stream. */
export async function sessionPair(
  options: { near?: SessionEndOptions; far?: SessionEndOptions } = {}
): Promise<{ near: SessionEnd; far: SessionEnd }> {
  const [outbound, inbound] = await streamPair()
  return { near: sessionEnd(outbound, true, options.near), far: sessionEnd(inbound, false, options.far) }
}

/** A frame with its body in one piece. */
export type JoinedFrame = Frame & { body: Uint8Array }

export const withJoinedBody = (frame: Frame): JoinedFrame => ({ ...frame, body: joined(frame.body) })

/** A peer that says what a test tells it to, and notes the frames that it is sent. */
export class RawPeer {
  readonly stream: Stream
  readonly frames: JoinedFrame[] = []

  constructor(stream: Stream) {
    const decoder = new FrameDecoder(MAX_FRAME_BYTES)
    this.stream = stream
    stream.addEventListener('message', ({ data }) =>
      decoder.push(data.subarray(), (frame) => this.frames.push(withJoinedBody(frame)))
    )
  }

  send(...frames: FrameFields[]): void {
    this.stream.send(Buffer.concat(frames.map(encodeFrame)))
  }

  /** The frames of a kind that arrived. */
  of(kind: number): JoinedFrame[] {
    return this.frames.filter((frame) => frame.kind === kind)
  }
}

/** A session that opened the stream to a raw peer. */
export async function sessionWithRawPeer(
  options: SessionEndOptions = {}
): Promise<{ near: SessionEnd; peer: RawPeer }> {
  const [outbound, inbound] = await streamPair()
  return { near: sessionEnd(outbound, true, options), peer: new RawPeer(inbound) }
}

/** A stream says that it takes nothing more, as it does when the peer does not read. */
export function stall(stream: Stream): void {
  stream.writableNeedsDrain = true
}

/** The stream takes more. */
export function unstall(stream: Stream): void {
  stream.dispatchEvent(new Event('drain'))
}
