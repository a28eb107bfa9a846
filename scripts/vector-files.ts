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
