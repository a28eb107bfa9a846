import { Refusal } from '../refusal.ts'

/** Whether a text is an origin: scheme, host and port alone. */
export function isOrigin(text: string): boolean {
  return /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text
}

/** Throws `CROSS_ORIGIN` for the request of a page that has none of these origins. */
export function checkOwnOrigin({ headers }: Request, origins: readonly string[]): void {
  const sent = headers.get('origin')
  const isOther = sent !== null && !origins.includes(sent)

  if (isOther || headers.get('sec-fetch-site') === 'cross-site') {
    const own = `the option origin is ${origins.join(', ')}`
    throw new Refusal('CROSS_ORIGIN', `a page of ${isOther ? sent : 'another site'} may not ask here: ${own}`)
  }
}
