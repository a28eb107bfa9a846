import { type IdentityFailure, NexusError } from '../errors.ts'

/** A `REFUSED` error with its reason: what every failed check of this folder throws. */
export function refused(reason: IdentityFailure, message: string, cause?: unknown): NexusError {
  return new NexusError('REFUSED', message, { reason, cause })
}
