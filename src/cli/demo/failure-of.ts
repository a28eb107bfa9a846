import { NexusError } from '../../errors.ts'
import { StepFailure } from './step-failure.ts'

/**
 * What a promise that must fail rejects with. Rejects with a `StepFailure` when it does not, or not with a
 * `NexusError`.
 */
export async function failureOf(promise: Promise<unknown>, otherwise: string): Promise<NexusError> {
  const failure: unknown = await promise.then(
    () => new StepFailure(otherwise),
    (error) => error
  )

  if (failure instanceof NexusError) {
    return failure
  }

  throw failure
}
