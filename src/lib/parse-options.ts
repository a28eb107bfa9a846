import * as v from 'valibot'
import { NexusError } from '../errors.ts'

/** What a schema makes of options. Throws `INVALID`, naming the option at fault. */
export function parseOptions<S extends v.GenericSchema>(schema: S, options: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, options, { abortEarly: true })

  if (result.success) {
    return result.output
  }

  const [issue] = result.issues
  const path = v.getDotPath(issue)
  const what = issue.expected === 'never' ? `there is no option '${path}'` : `${path ?? 'options'}: ${issue.message}`
  throw new NexusError('INVALID', what)
}
