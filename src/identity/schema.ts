import * as v from 'valibot'
import { NexusError } from '../errors.ts'

/** Text that one of our own checks lets pass; what the check throws is the message. */
export function checkedText(check: (text: string) => unknown) {
  return v.pipe(
    v.string(),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) {
        return
      }
      try {
        check(dataset.value)
      } catch (error) {
        addIssue({ message: error instanceof Error ? error.message : 'malformed' })
      }
    })
  )
}

/** The value as the schema has it, fields unknown to it left out. Throws `INVALID`, naming the first field at fault. */
export function parseJson<S extends v.GenericSchema>(noun: string, schema: S, value: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, value, { abortEarly: true })
  if (result.success) {
    return result.output
  }
  const [issue] = result.issues
  const path = v.getDotPath(issue)
  const at = path === null ? noun : `${noun}.${path}`
  // What valibot says of it, `Invalid key`, would be taken for the key that signs.
  const isMissing = issue.type === 'object' && issue.received === 'undefined' && path !== null
  throw new NexusError('INVALID', `${at}: ${isMissing ? 'it is missing' : issue.message}`)
}
