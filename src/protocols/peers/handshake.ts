import type { MessageStream } from '@libp2p/interface'
import { type LengthPrefixedStream, lpStream } from '@libp2p/utils'
import { pEvent } from 'p-event'
import { HANDSHAKE_TIMEOUT_MS, MAX_HANDSHAKE_BYTES, MAX_UNVERIFIED_BYTES } from '../../constants.ts'
import { IDENTITY_FAILURES, NexusError, toNexusError } from '../../errors.ts'
import type { Certificate } from '../../identity/certificate.ts'
import { anyOf } from '../../lib/abort.ts'
import { now } from '../../lib/now.ts'
import { reasonOf } from '../../lib/reason-of.ts'
import type { Clock } from '../../types.ts'
import { Hello, Verdict } from '../pb/handshake.ts'

/** How long the side that refuses lets the other read the verdict, before the connection is cut. */
const VERDICT_LINGER_MS = 1_000
/** The same when both refuse: each waits for the other to close first. */
const MUTUAL_LINGER_MS = 100
/** Verdicts on a peer whose certificate holds, and that is kept out for now: what is said of it here, and there. */
const LIMIT_VERDICTS = {
  USER_LIMIT: {
    here: 'its user has as many connections as one user may have here',
    there: "the peer has as many connections of this block's user as one user may have there"
  },
  CUT_OFF: {
    here: 'it was cut off a while ago',
    there: 'the peer has cut this block off for what it sent, and lets it in again after a while'
  }
} as const

export type LimitVerdict = keyof typeof LIMIT_VERDICTS

/** Who a peer says has this block's key: what is no JID and address is not shown to people. */
const HOLDER_PATTERN = /^[\w@./: -]{1,512}$/

/** How the errors are called that say that a message is no message, by its length. */
const BAD_LENGTHS = ['InvalidDataLengthError', 'InvalidDataLengthLengthError', 'InvalidMessageLengthError']

export interface HandshakeInit {
  /** This side's certificate, a compact JWS. */
  certificate: string
  /** The version of the revocation list that this side holds. */
  revocationVersion: number
  /** Checks the other side's certificate for the peer id that the encrypter has proven. */
  verify: (certificate: string) => Promise<Certificate>
  /** Why a peer whose certificate holds is not let in all the same. Default: it is. */
  refuse?: (certificate: Certificate) => LimitVerdict | undefined
  /** The random number of this start, told to the other. Default: none. */
  instance?: number
  /**
   * Given what the other shows, and the number of its start: who else has its key, and stays; `undefined` when nobody
   * does. Default: nobody.
   */
  holderOf?: (certificate: Certificate, instance: number | undefined) => Promise<string | undefined>
  /** This side's, told to the other. */
  clock: Clock
  /** Tells the other that this side asks about a topic before it publishes. Default: it does not. */
  asksAboutTopics?: boolean
  /** Tells the other that this side knows leases that say how long they hold. Default: it says nothing. */
  knowsLeaseHold?: boolean
  signal?: AbortSignal
}

/** What the other side has proven. */
export interface HandshakeResult {
  certificate: Certificate
  revocationVersion: number
  /** How far its clock is ahead of this side's (ms), give or take half of what the way takes. Absent when not told. */
  clockAheadMs: number | undefined
  /** It asks about a topic before it publishes. */
  asksAboutTopics: boolean
  /** It knows leases that say how long they hold. */
  knowsLeaseHold: boolean
}

/**
 * Both sides show their certificates on an encrypted stream and tell each other the verdict (docs/PROTOCOL.md,
 * "Gate"). Afterwards the stream stands right behind the last byte of the exchange.
 *
 * Rejects with
 * - `REFUSED` when either side refuses: with the failed check as `reason`, and a message that says which side it was
 * - `BUSY` when the certificates hold, and a limit of either side keeps the other out for now
 * - `UNREACHABLE` when the exchange broke off: by time, or by the end of the connection. That is no word of the peer's
 *
 * All is bounded: 8 KiB a message, 5 s in total.
 */
export async function shakeHands(stream: MessageStream, init: HandshakeInit): Promise<HandshakeResult> {
  const late = AbortSignal.timeout(HANDSHAKE_TIMEOUT_MS)
  const signal = anyOf([late, ...(init.signal === undefined ? [] : [init.signal])])
  const messages = lpStream(stream, { maxDataLength: MAX_HANDSHAKE_BYTES, maxBufferSize: MAX_UNVERIFIED_BYTES })

  try {
    const sentAt = now()
    await messages.write(ownHello(init), { signal })
    const hello = await readHello(messages, signal)
    // Both were sent at about the same time, or one was the answer to the other.
    const clockAheadMs = hello.time === undefined ? undefined : hello.time + (now() - sentAt) / 2 - init.clock()
    const verdict = await judge(hello, init)

    if ('failure' in verdict) {
      await messages.write(Verdict.encode(verdict.told), { signal }).catch(() => undefined)
      await lingerUntilRead(stream, messages)
      throw verdict.failure
    }

    await messages.write(Verdict.encode({ refused: '' }), { signal })
    const theirs = Verdict.decode(await messages.read({ signal }))

    if (theirs.refused !== '') {
      throw refusedByPeer(theirs)
    }

    messages.unwrap()
    return { ...termsIn(hello), clockAheadMs, certificate: verdict.certificate }
  } catch (error) {
    if (error instanceof NexusError) {
      throw error
    }
    const why = late.aborted ? `no answer within ${HANDSHAKE_TIMEOUT_MS / 1_000} s` : reasonOf(error)
    throw new NexusError('UNREACHABLE', `the exchange of certificates broke off: ${why}`, { cause: error })
  }
}

function ownHello(init: HandshakeInit): Uint8Array {
  const { certificate, revocationVersion, clock, asksAboutTopics, knowsLeaseHold, instance } = init
  return Hello.encode({ certificate, revocationVersion, time: clock(), asksAboutTopics, knowsLeaseHold, instance })
}

function termsIn(hello: Hello): Omit<HandshakeResult, 'certificate' | 'clockAheadMs'> {
  const { revocationVersion, asksAboutTopics, knowsLeaseHold = false } = hello
  return { revocationVersion, asksAboutTopics, knowsLeaseHold }
}

// What has come and is no `Hello` was shown by the peer; what has not come tells nothing of it.
async function readHello(messages: LengthPrefixedStream, signal: AbortSignal): Promise<Hello> {
  const noCertificate = (cause: unknown): NexusError =>
    new NexusError('REFUSED', 'the peer did not show a certificate', { reason: 'NO_CERTIFICATE', cause })
  const bytes = await messages.read({ signal }).catch((error: Error) => {
    throw BAD_LENGTHS.includes(error.name) ? noCertificate(error) : error
  })

  try {
    return Hello.decode(bytes)
  } catch (error) {
    throw noCertificate(error)
  }
}

interface Refusal {
  failure: NexusError
  told: Partial<Verdict>
}

async function judge(hello: Hello, init: HandshakeInit): Promise<{ certificate: Certificate } | Refusal> {
  try {
    const certificate = await init.verify(hello.certificate)
    const limit = init.refuse?.(certificate)

    if (limit !== undefined) {
      return { failure: overLimit(certificate, limit), told: { refused: limit } }
    }

    const holder = await init.holderOf?.(certificate, hello.instance)
    return holder === undefined ? { certificate } : inUse(certificate, holder)
  } catch (error) {
    const cause = toNexusError(error, 'REFUSED', 'the certificate of the peer could not be checked')
    const { reason = 'BAD_CLAIM' } = cause
    const failure = new NexusError('REFUSED', `the peer was refused: ${cause.message}`, { reason, cause })
    return { failure, told: { refused: reason } }
  }
}

function inUse({ jid }: Certificate, holder: string): Refusal {
  const reason = 'IN_USE'
  const failure = new NexusError('REFUSED', `${jid} was refused: its key is in use by ${holder}`, { reason })
  return { failure, told: { refused: reason, holder } }
}

function overLimit({ jid, uid }: Certificate, limit: LimitVerdict): NexusError {
  return new NexusError('BUSY', `${jid} of the user ${uid} was refused: ${LIMIT_VERDICTS[limit].here}`)
}

function refusedByPeer({ refused, holder }: Verdict): NexusError {
  if (Object.hasOwn(LIMIT_VERDICTS, refused)) {
    return new NexusError('BUSY', LIMIT_VERDICTS[refused as LimitVerdict].there)
  }

  // A reason of a later version reads as the most general one.
  const reason = IDENTITY_FAILURES.find((known) => known === refused) ?? 'BAD_CLAIM'

  if (reason === 'IN_USE') {
    const who = HOLDER_PATTERN.test(holder) ? holder : 'another block'
    const help = 'stop that one, or give this block a credential of its own'
    return new NexusError('REFUSED', `this block's key is in use by ${who}: ${help}`, { reason })
  }

  return new NexusError('REFUSED', `the peer refused this block's certificate: ${reason}`, { reason })
}

// A connection that is cut at once can lose what was written last: the other side closes it when it has read why. When
// it refuses too, each would wait for the other.
async function lingerUntilRead(stream: MessageStream, messages: LengthPrefixedStream): Promise<void> {
  const theirs = await messages
    .read({ signal: AbortSignal.timeout(VERDICT_LINGER_MS) })
    .then((bytes) => Verdict.decode(bytes).refused)
    .catch(() => undefined)

  if (theirs !== undefined && stream.status === 'open') {
    const timeout = theirs === '' ? VERDICT_LINGER_MS : MUTUAL_LINGER_MS
    await pEvent(stream, ['close', 'remoteCloseWrite'], { timeout, rejectionEvents: [] }).catch(() => undefined)
  }
}
