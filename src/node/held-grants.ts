import * as v from 'valibot'
import { NexusError } from '../errors.ts'
import type { HeldGrant, OpenedCredential } from '../identity/credential.ts'
import { issueGrant, peekGrant, verifyGrant } from '../identity/grant.ts'
import { parseOptions } from '../lib/parse-options.ts'
import type { GrantRequest, GrantText } from '../types.ts'

const GrantSchema = v.object({ grant: v.string(), issuerCertificate: v.optional(v.string()) })
const RequestSchema = v.strictObject({ uid: v.string(), validForMs: v.optional(v.pipe(v.number(), v.minValue(1))) })

/** Of those that a block is given, beside those of its credential. */
const MAX_ADDED = 1_000

/** The grants that a block may show: those of its credential, and those that it was given while it runs. */
export class HeldGrants {
  readonly #opened: Pick<OpenedCredential, 'verifier' | 'certificate' | 'privateKey'>
  #loaded: readonly HeldGrant[]
  #added: readonly HeldGrant[] = []
  #list: readonly HeldGrant[] | undefined

  constructor(opened: OpenedCredential) {
    this.#opened = opened
    this.#loaded = opened.grants
    opened.revocations.onChange(() => {
      this.#list = undefined
    })
  }

  /** All that this block does not know to be void. */
  get list(): readonly HeldGrant[] {
    const { revocations } = this.#opened.verifier
    const { uid } = this.#opened.certificate
    // Each call looks for one in it.
    this.#list ??= [...this.#loaded, ...this.#added].filter(
      ({ app, id, issuedAt }) => !revocations.isRevoked({ uid, holder: uid, app, id, issuedAt })
    )
    return this.#list
  }

  /** The credential was loaded again. */
  load(grants: readonly HeldGrant[]): void {
    this.#loaded = grants
    this.#list = undefined
  }

  /** Takes another one. Rejects with `INVALID` or `REFUSED`, as `NexusGrants.addGrant`. */
  async add(given: GrantText): Promise<void> {
    const { grant: token, issuerCertificate } = parseOptions(GrantSchema, given)
    const { verifier, certificate } = this.#opened
    const held = { ...peekGrant(token), grant: token, ...(issuerCertificate && { issuerCertificate }) }
    const shown = { token, ...(issuerCertificate && { issuerCertificate }) }
    await verifyGrant(shown, { holderUid: certificate.uid, app: held.app, verifier })
    const others = this.#added.filter(({ grant, expiresAt }) => grant !== token && expiresAt > verifier.clock())
    this.#added = [...others, held].slice(-MAX_ADDED)
    this.#list = undefined
  }

  /** Signs one with this block's key, which must be of the app's owner. Rejects as `NexusGrants.grant`. */
  async sign(request: GrantRequest, certificate = this.#opened.certificate): Promise<GrantText> {
    const { uid: holder, validForMs } = parseOptions(RequestSchema, request)
    const { privateKey, verifier } = this.#opened
    const { app, role, jid } = certificate

    if (role !== 'owner') {
      throw new NexusError('FORBIDDEN', `only blocks of the owner of ${app} give its service; this is ${jid}`)
    }

    const now = verifier.clock()
    // One of the very second in which the service was taken away is dated into the next.
    const isVoid = verifier.revocations.isRevoked({ uid: holder, holder, app, issuedAt: now })
    const issuedAt = isVoid ? now + 1_000 : now
    const grant = await issueGrant({ privateKey, certificate }, { holder, app, validForMs, issuedAt, id: newId() })
    return { grant, issuerCertificate: certificate.token }
  }
}

// Not `randomUUID`, which pages have in secure contexts alone.
function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
