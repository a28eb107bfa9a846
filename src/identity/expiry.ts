import type { Validity } from './claims.ts'

/** People are warned of the end of a certificate so long before, or in the last third of its time if that is shorter. */
const WARNING_MS = 10 * 24 * 60 * 60_000
const WARNING_PART = 1 / 3

/** From when on people are warned that a certificate ends, in ms since 1970, unless it was renewed by then. */
export function warnedFrom({ issuedAt, expiresAt }: Pick<Validity, 'issuedAt' | 'expiresAt'>): number {
  return expiresAt - Math.min(WARNING_MS, (expiresAt - issuedAt) * WARNING_PART)
}
