import { beginsNumber, endOfNumber, isHeld } from './json-numbers.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
/** Shorter strings end sooner byte by byte; in longer ones the native search is a hundred times as fast. */
const NEAR_BYTES = 32

/**
 * Why a receiver refuses JSON text before it reads it: arrays and objects that lie more than `maxDepth` deep in each
 * other, or a number that a double does not hold. `undefined`: neither is there. Assumes valid JSON.
 */
export function findRefusal(json: Uint8Array, maxDepth: number): string | undefined {
  let depth = 0

  for (let at = 0; at < json.byteLength; at++) {
    const byte = json[at] as number

    if (byte === QUOTE) {
      at = endOfString(json, at)
    } else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      if (++depth > maxDepth) {
        return `it is nested deeper than ${maxDepth}`
      }
    } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
      depth--
    } else if (beginsNumber(byte)) {
      const end = endOfNumber(json, at)
      const number = end < 0 ? textOf(json.subarray(at, -end)) : undefined

      if (number !== undefined && !isHeld(number)) {
        return `it has a number that a double does not hold: ${number.slice(0, 40)}`
      }

      at = Math.abs(end) - 1
    }
  }

  return undefined
}

function textOf(ascii: Uint8Array): string {
  return new TextDecoder().decode(ascii)
}

/** The position of the quote that ends the string which starts at `start`. */
function endOfString(json: Uint8Array, start: number): number {
  let at = start + 1

  for (;;) {
    const near = at + NEAR_BYTES

    while (at < near && at < json.byteLength && json[at] !== QUOTE) {
      at += json[at] === BACKSLASH ? 2 : 1
    }

    if (at < near) {
      return at
    }
    const quote = json.indexOf(QUOTE, at)

    if (quote < 0 || !isEscaped(json, at, quote)) {
      return quote < 0 ? json.byteLength : quote
    }
    at = quote + 1
  }
}

/** Whether an odd number of backslashes stands before `at`, back to `from`, where a character begins. */
function isEscaped(json: Uint8Array, from: number, at: number): boolean {
  let first = at

  while (first > from && json[first - 1] === BACKSLASH) {
    first--
  }
  return (at - first) % 2 === 1
}

/** Any of the letters of `[object Object]` as an escape: `_`, `o`, `p`, `r`, `t`. */
const ESCAPED_LETTER = /\\u00(?:5f|6f|7[024])/i

/** `value`, parsed from `text`, without the members that are named `[object Object]`. */
export function removeProtoKeys<T>(text: string, value: T): T {
  if (text.includes('__proto__') || (text.includes('\\u00') && ESCAPED_LETTER.test(text))) {
    const left: unknown[] = [value]

    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      if (typeof next === 'object' && next !== null) {
        if (Object.hasOwn(next, '__proto__')) {
          Reflect.deleteProperty(next, '__proto__')
        }

        for (const member of Object.values(next)) {
          left.push(member)
        }
      }
    }
  }

  return value
}
