/** Errors within errors that are looked at: a chain can be a circle. */
const MAX_DEPTH = 8

/**
 * What went wrong, in one line that is never empty. The errors of libraries often say it in a cause, in the parts of an
 * `AggregateError`, or by their name alone, and browsers reject with events.
 */
export function reasonOf(error: unknown): string {
  const reasons = [...new Set(reasonsIn(error, 0))]
  return reasons.length === 0 ? nameOf(error) : reasons.join('; ')
}

function reasonsIn(error: unknown, depth: number): string[] {
  if (typeof error !== 'object' || error === null || depth === MAX_DEPTH) {
    return typeof error === 'string' && error !== '' ? [oneLine(error)] : []
  }

  const { message, errors, cause, error: inner } = error as Record<string, unknown>
  const parts = Array.isArray(errors) ? errors.flatMap((part) => reasonsIn(part, depth + 1)) : []

  // What an AggregateError says of itself ("All promises were rejected") tells nothing that its parts don't.
  if (parts.length > 0) {
    return parts
  }

  const said = typeof message === 'string' ? oneLine(message) : ''
  const below = [inner, cause].flatMap((part) => reasonsIn(part, depth + 1)).filter((text) => !said.includes(text))
  return said === '' ? below : below.length === 0 ? [said] : [`${said}: ${below.join('; ')}`]
}

function nameOf(error: unknown): string {
  const { name, code, type } = (error ?? {}) as Record<string, unknown>
  const known = [code, name, type].find((text) => typeof text === 'string' && text !== '' && text !== 'Error')
  return typeof known === 'string' ? known : 'for no reason that was told'
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, ' ')
}
