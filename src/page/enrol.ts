import type { Ed25519PrivateKey } from '@libp2p/interface'
import { IDENTITY_FAILURES, type IdentityFailure, NexusError } from '../errors.ts'
import { type CertificateAnswer, parseAnswer, requestCertificate } from '../identity/enrolment.ts'
import { reasonOf } from '../lib/reason-of.ts'

/** How long the site may take to answer. */
const TIMEOUT_MS = 10_000

/**
 * Asks the site for a certificate for this key. Rejects with `REFUSED` when the site gives none (nobody is logged in,
 * say), with its words; with `UNREACHABLE` when it does not answer, and `INVALID` when its answer makes no sense.
 */
export async function enrol(url: URL, privateKey: Ed25519PrivateKey): Promise<CertificateAnswer> {
  const request = await requestCertificate(privateKey, {
    audience: url.origin,
    issuedAt: Date.now(),
    id: crypto.getRandomValues(new Uint32Array(4)).join('.')
  })
  const response = await post(url, { request })
  const body: unknown = await response.json().catch(() => undefined)

  if (!response.ok) {
    throw refusalOf(response, body)
  }

  return parseAnswer(body)
}

async function post(url: URL, body: object): Promise<Response> {
  try {
    return await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      credentials: 'include',
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS)
    })
  } catch (error) {
    throw new NexusError('UNREACHABLE', `${url.href} gives no certificate: ${reasonOf(error)}`, {
      cause: error
    })
  }
}

function refusalOf(response: Response, body: unknown): NexusError {
  const { message, reason } = ((body as { error?: unknown } | undefined)?.error ?? {}) as Record<string, unknown>
  const said = typeof message === 'string' ? message : response.statusText

  if (response.status >= 500) {
    return new NexusError('UNREACHABLE', `the site gives no certificate now (${response.status}): ${said}`)
  }

  const known = IDENTITY_FAILURES.find((failure): failure is IdentityFailure => failure === reason)
  return new NexusError('REFUSED', `the site gave no certificate: ${said}`, { reason: known ?? 'NO_CERTIFICATE' })
}
