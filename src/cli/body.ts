import { text } from 'node:stream/consumers'
import { NexusError } from '../errors.ts'
import { BODY_JSON, decodeBody } from '../protocols/body/body.ts'
import type { Json } from '../types.ts'

const SHOWN_CHARACTERS = 40

/** The body that an argument is: JSON, `-` for JSON on stdin, `null` without one. Throws `INVALID`. */
export async function readBody(argument: string | undefined): Promise<Json> {
  if (argument === undefined) {
    return null
  }

  return argument === '-' ? parseBody(await text(process.stdin), 'stdin') : parseBody(argument, 'the body')
}

/** The JSON that a text is, by the rules of bodies. Throws `INVALID`, saying how to write it in a shell. */
export function parseBody(source: string, noun: string): Json {
  try {
    JSON.parse(source)
  } catch (error) {
    const shown = source.length > SHOWN_CHARACTERS ? `${source.slice(0, SHOWN_CHARACTERS)}...` : source
    throw new NexusError(
      'INVALID',
      `${noun} is not JSON: ${shown} (quote it for the shell: '{"a":6,"b":7}'; a text has quotes of its own: '"hello"')`,
      { cause: error }
    )
  }

  return decodeBody(BODY_JSON, new TextEncoder().encode(source)) as Json
}
