/** The peer does not do what it must: the message says what was seen. */
export class Broken extends Error {}

/** Throws `Broken` unless the peer did what it must. */
export function expectSame<T>(seen: T, expected: T): void {
  if (seen !== expected) {
    throw new Broken(`expected ${shown(expected)}, got ${shown(seen)}`)
  }
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : String(value)
}
