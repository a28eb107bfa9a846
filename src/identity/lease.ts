import { CLOCK_LEEWAY_S, LEASE_TTL_MS, MAX_CERTIFICATE_BYTES, MAX_LEASE_HOLD_MS } from '../constants.ts'
import type { Ed25519PrivateKey } from '../types.ts'
import type { Certificate } from './certificate.ts'
import { ClaimReader, toSeconds } from './claims.ts'
import { decodeJws, type JwsKind, signJws, verifyJws } from './jws.ts'
import { refused } from './refused.ts'

const LEASE: JwsKind = { noun: 'lease', typ: 'nexus-lease+jwt', maxBytes: MAX_CERTIFICATE_BYTES }
/** A block with more addresses than this names the first ones. */
const MAX_ADDRESSES = 32

/** What a worker says of itself: it has just come, is still there, or goes. */
export type LeaseEvent = 'join' | 'renew' | 'leave'

const EVENTS: readonly unknown[] = ['join', 'renew', 'leave'] satisfies LeaseEvent[]

/** A worker's word that it is live. */
export interface Lease {
  readonly event: LeaseEvent
  /** Counts up with each lease of a worker, over its restarts too; the highest one counts. */
  readonly version: number
  /** Where the worker can be dialled, as multiaddrs. */
  readonly addresses: readonly string[]
  /** Calls that it was serving when it signed. */
  readonly load: number
  /** How long it holds from when it was received, in ms. Absent: 15 s. */
  readonly holdMs?: number
  /** The lease itself, a compact JWS. */
  readonly token: string
}

/** What a worker signs. */
export interface LeaseTerms extends Omit<Lease, 'token'> {
  /** In ms since 1970. */
  issuedAt: number
}

/** How long a lease holds at the most from when it was received, in ms. */
export function holdOf({ holdMs = LEASE_TTL_MS }: Pick<Lease, 'holdMs'>): number {
  return Math.min(holdMs, MAX_LEASE_HOLD_MS)
}

/** Signs a lease with the worker's own key. Gives the compact JWS. */
export function signLease(
  worker: { privateKey: Ed25519PrivateKey; certificate: Certificate },
  lease: LeaseTerms
): Promise<string> {
  const { jid, network, peerId } = worker.certificate
  return signJws(LEASE, worker.privateKey, {
    iss: jid,
    aud: network,
    sub: peerId,
    iat: toSeconds(lease.issuedAt),
    ver: lease.version,
    event: lease.event,
    addrs: lease.addresses.slice(0, MAX_ADDRESSES),
    load: lease.load,
    ...(lease.holdMs === undefined ? {} : { hold: Math.ceil(lease.holdMs / 1_000) })
  })
}

/**
 * Verifies that a lease is the word of the worker whose verified certificate came with it. Throws `REFUSED`: size
 * (`TOO_LARGE`), form and header (`BAD_HEADER`), network (`WRONG_NETWORK`), another's key (`WRONG_KEY`), signature
 * (`BAD_SIGNATURE`), any claim, or a block that is no worker (`BAD_CLAIM`), signed over a minute ahead (`NOT_YET_VALID`),
 * or over a minute ago (`EXPIRED`): where it says how long it holds, a minute and that. When it ends is for the
 * receiver's own clock to say.
 */
export async function verifyLease(token: string, certificate: Certificate, now: number): Promise<Lease> {
  const jws = decodeJws(LEASE, token)
  const claims = new ClaimReader(jws)
  claims.network(certificate.network)

  if (jws.kid !== certificate.peerId) {
    throw refused('WRONG_KEY', `the lease is signed by ${jws.kid}, not by ${certificate.peerId}`)
  }

  await verifyJws(jws)
  claims.equals('sub', certificate.peerId)
  claims.equals('iss', certificate.jid)

  if (certificate.block !== 'worker') {
    throw refused('BAD_CLAIM', `${certificate.jid} is no worker`)
  }

  const hold = claims.optionalVersion('hold')
  const holds = hold === undefined ? {} : { holdMs: hold * 1_000 }
  checkAge(claims.second('iat') * 1000, hold === undefined ? 0 : holdOf(holds), now)
  return {
    event: claims.checked('event', checkEvent),
    version: claims.version('ver'),
    addresses: claims.checked('addrs', checkAddresses),
    load: claims.checked('load', checkLoad),
    ...holds,
    token
  }
}

function checkAge(issuedAt: number, holdMs: number, now: number): void {
  if (issuedAt > now + CLOCK_LEEWAY_S * 1000) {
    throw refused('NOT_YET_VALID', 'the lease is signed in the future')
  }

  if (issuedAt < now - CLOCK_LEEWAY_S * 1000 - holdMs) {
    throw refused('EXPIRED', 'the lease is old')
  }
}

function checkEvent(value: unknown): LeaseEvent {
  if (!EVENTS.includes(value)) {
    throw new TypeError('no event of a lease')
  }
  return value as LeaseEvent
}

function checkAddresses(value: unknown): string[] {
  if (!Array.isArray(value) || value.length > MAX_ADDRESSES || value.some((item) => typeof item !== 'string')) {
    throw new TypeError('not a list of addresses')
  }
  return value
}

function checkLoad(value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) {
    throw new TypeError('no load')
  }
  return value as number
}
