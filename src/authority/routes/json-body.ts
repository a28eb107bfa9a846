import type * as v from 'valibot'
import { parseJson } from '../../identity/schema.ts'
import { Refusal } from '../refusal.ts'

/** A certificate is 8 KiB at most, and so is a request. */
const MAX_BODY_BYTES = 32 * 1024
const JSON_TYPE = /^application\/json(?:\s*;|$)/i

/** The body of a request as the schema has it. Throws `CONTENT_TYPE`, `TOO_LARGE`, `INVALID`. */
export async function jsonBody<S extends v.GenericSchema>(request: Request, schema: S): Promise<v.InferOutput<S>> {
  if (!JSON_TYPE.test(request.headers.get('content-type') ?? '')) {
    throw new Refusal('CONTENT_TYPE', 'the content-type is application/json')
  }

  return parseJson('body', schema, parse(await textOf(request)))
}

async function textOf(request: Request): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0

  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength
    if (bytes > MAX_BODY_BYTES) {
      throw new Refusal('TOO_LARGE', `the body is larger than ${MAX_BODY_BYTES} bytes`)
    }
    chunks.push(chunk)
  }

  return Buffer.concat(chunks).toString()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Refusal('INVALID', 'the body is no JSON')
  }
}
