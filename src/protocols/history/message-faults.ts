import { NexusError } from '../../errors.ts'

/** Whether no honest keeper hands over a message that fails so: roots and revocations others may know better or worse. */
export function isFault(error: unknown): boolean {
  return !(error instanceof NexusError) || error.code !== 'REFUSED'
}
