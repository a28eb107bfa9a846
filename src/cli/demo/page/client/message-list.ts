import type { Identity } from '../../../../types.ts'
import { textElement } from './text.ts'

/** Messages that stay, and how many of them are shown. */
const KEPT = 400
const SHOWN = 60

interface Message {
  kind: string
  text: string
  sender: string
}

/** What flows by, newest first: it can be paused, and filtered. Nobody's screen reader is made to read all of it. */
export class MessageList {
  readonly #list = document.querySelector('#log')!
  readonly #filter = document.querySelector<HTMLInputElement>('#filter')!
  readonly #pause = document.querySelector<HTMLButtonElement>('#pause')!
  #messages: Message[] = []
  /** Those that came while it is paused. */
  #waiting: Message[] | undefined

  constructor() {
    this.#filter.addEventListener('input', () => this.#render())
    this.#pause.addEventListener('click', () => this.#toggle())
  }

  /** Adds a line; the sender is what its certificate says. */
  add(kind: string, text: string, { jid }: Identity): void {
    const message = { kind, text, sender: jid }

    if (this.#waiting !== undefined) {
      this.#waiting = [message, ...this.#waiting].slice(0, KEPT)
      this.#pause.textContent = `Resume (${this.#waiting.length})`
      return
    }

    this.#messages = [message, ...this.#messages].slice(0, KEPT)
    this.#render()
  }

  #toggle(): void {
    const isPaused = this.#waiting === undefined
    this.#messages = [...(this.#waiting ?? []), ...this.#messages].slice(0, KEPT)
    this.#waiting = isPaused ? [] : undefined
    this.#pause.textContent = isPaused ? 'Resume' : 'Pause'
    this.#pause.setAttribute('aria-pressed', String(isPaused))
    this.#render()
  }

  #render(): void {
    const wanted = this.#filter.value.trim().toLowerCase()
    const fits = (message: Message): boolean =>
      wanted === '' || Object.values(message).some((part) => part.toLowerCase().includes(wanted))
    this.#list.replaceChildren(...this.#messages.filter(fits).slice(0, SHOWN).map(lineOf))
  }
}

/** A line of a list: what it is, what it says, and who sent it. */
export function lineOf({ kind, text, sender }: Partial<Message>): HTMLElement {
  const line = document.createElement('li')
  line.append(textElement('b', kind ?? ''), textElement('span', text ?? ''))

  if (sender !== undefined) {
    line.append(textElement('code', `from ${sender}`))
  }

  return line
}
