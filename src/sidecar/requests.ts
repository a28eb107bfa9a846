import * as v from 'valibot'
import { NexusError } from '../errors.ts'

const text = v.string()
const target = {
  app: text,
  ownership: v.optional(v.picklist(['mine', 'owner'])),
  prioritizeMine: v.optional(v.boolean()),
  resource: v.optional(text),
  jid: v.optional(text),
  peer: v.optional(text)
}
const body = { body: v.optional(v.custom<any>(() => true)) }

/** What the program may ask, by command (docs/LINK.md). */
export const REQUESTS = {
  hello: v.object({ version: v.number(), options: v.looseObject({}) }),
  handle: v.object({ cmd: text }),
  unhandle: v.object({ cmd: text }),
  listen: v.object({ what: v.literal('direct') }),
  api: v.object({ ...target, ...body, cmd: text, idempotent: v.optional(v.boolean()) }),
  direct: v.object({ ...target, ...body }),
  find: v.object(target),
  subscribe: v.object({ channel: text, secret: v.optional(text) }),
  unsubscribe: v.object({ channel: text, secret: v.optional(text) }),
  publish: v.object({ channel: text, secret: v.optional(text), ...body }),
  stop: v.null()
}

export type RequestName = keyof typeof REQUESTS
export type RequestOf<N extends RequestName> = v.InferOutput<(typeof REQUESTS)[N]>

/** The body of a request, checked. Throws `INVALID`, naming the member at fault. */
export function readRequest<N extends RequestName>(name: N, value: unknown): RequestOf<N> {
  const result = v.safeParse(REQUESTS[name] as v.GenericSchema, value, { abortEarly: true })

  if (result.success) {
    return result.output as RequestOf<N>
  }

  const [issue] = result.issues
  throw new NexusError('INVALID', `${name}: ${v.getDotPath(issue) ?? 'body'}: ${issue.message}`)
}
