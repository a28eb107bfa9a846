/** What the files of identity vectors hold. */
import type { IdentityFailure } from '../src/errors.ts'

/** `expected` is what must come out; or else `reason` is why it must be refused. Times are in ms since 1970. */
export interface VectorCase<Input> {
  name: string
  input: Input
  now: number
  expected?: object
  reason?: IdentityFailure | 'INVALID'
}

export interface VectorFile<Input> {
  network: string
  root: string
  cases: VectorCase<Input>[]
}

/** `peerId`: who was proven to show it. `revocations`: the list known. */
export interface CertificateInput {
  token: string
  peerId: string
  revocations?: string
}

/** `holder` and `app`: what it must be for. */
export interface GrantInput {
  token: string
  issuerCertificate?: string
  holder: string
  app: string
  revocations?: string
}

/** `certificate`: the worker's, which came along. */
export interface LeaseInput {
  token: string
  certificate: string
}

/** Root sets that are shown one after the other to who trusts `root`. */
export interface RootsInput {
  sets: string[]
}

/** `audience`: the origin of the site. */
export interface RequestInput {
  token: string
  audience: string
}

/** `held`: the list that was there before. */
export interface RevocationInput {
  token: string
  held?: string
}

/** What comes of a revocation list that is good: the version that is held then, and what it says of statements. */
export interface RevocationOutcome {
  version: number
  kept: boolean
  judged?: Array<{ peerId?: string; uid?: string; app?: string; id?: string; issuedAt: number; revoked: boolean }>
}
