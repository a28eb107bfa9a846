/** What JSON carries. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** A body as it arrives. */
export type ReceivedBody = Json | Uint8Array

/**
 * A body as it is sent: JSON, or raw bytes. Objects may have any type, an `interface` too; members that are `undefined`
 * are left out, and what has a `toJSON` (a `Date`, say) is asked for it.
 *
 * What JSON would lose is refused with `INVALID` and the path of it before anything is sent, at any depth: functions,
 * symbols, big integers, `NaN`, infinities, `undefined` in a list, promises, errors, bytes inside of JSON, maps and
 * sets, and all other objects of a class without `toJSON`. The compiler refuses some of these at the top already.
 */
export type Body = Json | Uint8Array | Struct | readonly Body[]

/** An object that the compiler can tell from a function, list, buffer, promise, map, set, response, stream, iterator. */
type Struct = object & Partial<Record<Telling, NoFunction>>
type Telling = 'bind' | 'slice' | 'then' | 'has' | 'arrayBuffer' | 'getReader' | 'next'
type NoFunction =
  | null
  | undefined
  | boolean
  | number
  | string
  | readonly unknown[]
  | (object & { bind?: null | string })
