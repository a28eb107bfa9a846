import * as v from 'valibot'
import { isSecond } from './claims.ts'
import { peekIssuerCertificate } from './issuing-key.ts'
import { checkNetwork } from './jid.ts'
import { parseKey } from './keys.ts'
import { checkSubject } from './revocation.ts'
import { checkedText, parseJson } from './schema.ts'

const AuthoritySchema = v.object({
  version: v.literal(1),
  network: checkedText(checkNetwork),
  key: checkedText(parseKey),
  issuer: v.optional(checkedText(peekIssuerCertificate)),
  rootSets: v.optional(v.array(v.string())),
  revocations: v.object({
    version: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
    issuedAt: v.pipe(
      v.number(),
      v.check((value) => isSecond(value), 'not a second since 1970')
    ),
    revoked: v.record(
      checkedText(checkSubject),
      v.pipe(
        v.number(),
        v.check((value) => isSecond(value), 'not a second since 1970')
      )
    )
  })
})

/**
 * An authority as JSON. `key` is the root key of the network, or an issuing key, whose certificate is `issuer`: keep it
 * secret, and off the mesh.
 */
export interface AuthorityJson {
  version: 1
  network: string
  key: string
  issuer?: string
  /** The sets that say which roots the network trusts, the oldest first. */
  rootSets?: string[]
  revocations: {
    version: number
    /** When the list was last changed, in seconds since 1970. */
    issuedAt: number
    /** Since when each subject is revoked, in seconds since 1970. */
    revoked: Record<string, number>
  }
}

/** The authority that a JSON value is. Throws `INVALID`, naming the field at fault. */
export function parseAuthority(value: unknown): AuthorityJson {
  return parseJson('authority', AuthoritySchema, value)
}
