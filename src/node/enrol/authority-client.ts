import { randomUUID } from 'node:crypto'
import * as v from 'valibot'
import { IDENTITY_FAILURES, NexusError } from '../../errors.ts'
import { type CertificateAnswer, parseAnswer, requestCertificate } from '../../identity/enrolment.ts'
import { parseJson } from '../../identity/schema.ts'
import { type JsonAnswer, requestJson } from '../../lib/json-request.ts'
import type { Ed25519PrivateKey } from '../../types.ts'

/** A nonce that was used or has ended is asked for again so often: the service may have been restarted. */
const TRIES = 2

/** The service waits for 25 s. */
const NEWS_MS = 40_000
const NewsSchema = v.object({
  revocations: v.optional(v.string()),
  lists: v.optional(v.array(v.string()), []),
  rootSets: v.optional(v.array(v.string()), []),
  issuer: v.optional(v.string())
})

interface Proof {
  key: Ed25519PrivateKey
  app: string
}

/** Why the service gave no certificate. */
export class EnrolmentError extends NexusError {
  /** The code that the service gave (docs/PROTOCOL.md, "Refusals"). */
  readonly refusal: string | undefined

  constructor(refusal: string | undefined, ...rest: ConstructorParameters<typeof NexusError>) {
    super(...rest)
    this.refusal = refusal
  }
}

/** Asks an authority service for certificates. */
export class AuthorityClient {
  readonly origin: string

  /** Throws `INVALID` for what is no `http` or `https` URL. */
  constructor(url: string) {
    const parsed = URL.canParse(url) ? new URL(url) : undefined

    if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
      throw new NexusError('INVALID', `authority: expected the URL of an authority service, not '${url}'`)
    }

    this.origin = parsed.origin
  }

  /**
   * A certificate for who has a secret. Rejects with `REFUSED` and the words of the service, `UNREACHABLE` when it gives
   * none now, `INVALID` when its answer makes no sense.
   */
  enroll(proof: Proof, asked: { secret: string; resource?: string | undefined }): Promise<CertificateAnswer> {
    return this.#ask('/enroll', proof, asked)
  }

  /** The next certificate for who has one. Rejects as `enroll` does. */
  renew(proof: Proof, certificate: string): Promise<CertificateAnswer> {
    return this.#ask('/renew', proof, { certificate })
  }

  /**
   * The texts of the newest revocation list that who has version `after` of that of the issuing key `of` (the
   * roots: '') lacks, or the first of them, and whose it is; and root
   * sets after version `roots`. The service waits for some time before it says that there is none. Rejects with `UNREACHABLE`.
   */
  async revocations(
    { after, of, roots }: { after: number; of: string; roots: number },
    signal: AbortSignal
  ): Promise<{ lists: string[]; rootSets: string[]; issuer?: string | undefined }> {
    const url = new URL(`/revocations?after=${after}&of=${of}&roots=${roots}`, this.origin)
    const answer = await requestJson({ url, method: 'GET', failure: 'does not answer', timeoutMs: NEWS_MS, signal })

    if (answer.status !== 200) {
      throw this.#failureOf(answer)
    }

    const { revocations, lists, rootSets, issuer } = parseJson('answer', NewsSchema, answer.body)
    return { lists: revocations === undefined ? lists : [revocations, ...lists], rootSets, issuer }
  }

  async #ask(path: string, { key, app }: Proof, asked: object): Promise<CertificateAnswer> {
    for (let tries = 1; ; tries++) {
      const { nonce } = (await this.#get('/nonce')) as { nonce?: unknown }
      const terms = { audience: this.origin, issuedAt: Date.now(), id: randomUUID(), nonce: String(nonce), app }
      const request = await requestCertificate(key, terms)
      const answer = await this.#request('POST', path, { request, ...asked })

      if (answer.status === 200) {
        return parseAnswer(answer.body)
      }

      if (tries === TRIES || (answer.code !== 'BAD_NONCE' && answer.code !== 'USED')) {
        throw this.#failureOf(answer)
      }
    }
  }

  async #get(path: string): Promise<object> {
    const answer = await this.#request('GET', path)

    if (answer.status !== 200 || typeof answer.body !== 'object' || answer.body === null) {
      throw this.#failureOf(answer)
    }

    return answer.body
  }

  #request(method: string, path: string, body?: object): Promise<JsonAnswer> {
    const url = new URL(path, this.origin)
    return requestJson({ url, method, failure: 'gives no certificate', ...(body === undefined ? {} : { body }) })
  }

  #failureOf({ status, code, reason, message }: JsonAnswer): EnrolmentError {
    // Many at a time, or too many keys for now: later it may be another.
    if (status >= 500 || status === 429 || status === 409 || status < 400) {
      return new EnrolmentError(code, 'UNREACHABLE', `${this.origin} gives no certificate now (${status}): ${message}`)
    }

    const known = IDENTITY_FAILURES.find((failure) => failure === reason) ?? 'NO_CERTIFICATE'
    return new EnrolmentError(code, 'REFUSED', `${this.origin} gave no certificate: ${message}`, { reason: known })
  }
}
