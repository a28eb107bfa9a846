import { IDENTITY_FAILURES, type IdentityFailure, NexusError } from '../errors.ts'
import { type CertificateAnswer, parseAnswer, requestCertificate } from '../identity/enrolment.ts'
import { type JsonAnswer, requestJson } from '../lib/json-request.ts'
import type { Ed25519PrivateKey } from '../types.ts'

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
  const answer = await requestJson({
    url,
    method: 'POST',
    credentials: 'include',
    body: { request },
    failure: 'gives no certificate'
  })

  if (answer.status < 200 || answer.status >= 300) {
    throw refusalOf(answer)
  }

  return parseAnswer(answer.body)
}

function refusalOf({ status, message, reason }: JsonAnswer): NexusError {
  if (status >= 500) {
    return new NexusError('UNREACHABLE', `the site gives no certificate now (${status}): ${message}`)
  }

  const known = IDENTITY_FAILURES.find((failure): failure is IdentityFailure => failure === reason)
  return new NexusError('REFUSED', `the site gave no certificate: ${message}`, { reason: known ?? 'NO_CERTIFICATE' })
}
