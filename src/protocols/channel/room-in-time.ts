import { cancelled, NexusError } from '../../errors.ts'
import { anyOf } from '../../lib/abort.ts'
import type { ByteBudget } from '../../lib/byte-budget.ts'
import type { CallOptions } from '../../types.ts'

/** Takes room in the budget. Rejects with `CANCELLED` or `TIMEOUT` when there is none in time. */
export async function takeRoom(budget: ByteBudget, bytes: number, { signal, timeoutMs }: CallOptions): Promise<void> {
  // Mostly there is room at once, and a timer for each message would cost more than the message.
  if (timeoutMs === undefined || budget.fits(bytes)) {
    return budget.take(bytes, signal)
  }

  const deadline = AbortSignal.timeout(Math.ceil(timeoutMs))
  const ends = signal === undefined ? deadline : anyOf([signal, deadline])

  try {
    await budget.take(bytes, ends)
  } catch {
    throw signal?.aborted === true ? cancelled(signal) : timedOut()
  }
}

/** Why a message was not sent that waited for longer than it may. */
export function timedOut(): NexusError {
  return new NexusError('TIMEOUT', 'the time was over before the message left')
}
