/** What happens at a relay, a line each: readable, or JSON for a log collector. */
export class RelayLog {
  readonly #form: 'text' | 'json'
  readonly #print: (line: string) => void

  constructor(form: 'text' | 'json', print: (line: string) => void) {
    this.#form = form
    this.#print = print
  }

  write(event: { event: string } & Record<string, unknown>): void {
    const time = new Date().toISOString()

    if (this.#form === 'json') {
      this.#print(JSON.stringify({ time, ...event }))
      return
    }

    const { event: name, ...details } = event
    const shown = Object.entries(details).filter(([, value]) => value !== undefined)
    this.#print([time, name, ...shown.map(([key, value]) => `${key}=${quoted(String(value))}`)].join(' '))
  }
}

// One event stays one line, and one value one word.
function quoted(text: string): string {
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text)
}
