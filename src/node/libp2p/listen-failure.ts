import { NexusError } from '../../errors.ts'
import { reasonOf } from '../../lib/reason-of.ts'

/** A line of libp2p's message for each address, with a stack behind it. */
const ADDRESS_LINE = /^ {2}(\/\S+): (?:\w*Error: )?(.+)$/gm

/** What a node rejects with that cannot listen: `INVALID`, with each address that it could not take, and why. */
export function listenFailure(error: unknown): NexusError {
  const message = error instanceof Error ? error.message : ''
  const failures = [...message.matchAll(ADDRESS_LINE)].map(([, address, reason = '']) => `${address}: ${plain(reason)}`)
  const text = failures.length === 0 ? plain(reasonOf(error)) : failures.join('; ')
  return new NexusError('INVALID', `cannot listen: ${text}`, { cause: error })
}

/** Names for people beside the system's. */
function plain(reason: string): string {
  return reason.replace(/^listen (EADDRINUSE): address already in use (\S+)/, '$1: something listens on $2 already')
}
