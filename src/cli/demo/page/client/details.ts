import type { Nexus } from '../../../../types.ts'
import type { MeshModel, Path } from './model.ts'
import { forPeople, textElement } from './text.ts'

/** How often what is shown of the chosen block is asked for again. */
const REFRESH_MS = 2_000
/** Best first. */
const PATHS: Record<Path, string> = { webrtc: 'WebRTC', direct: 'direct', relay: 'through the relay' }

/** Who a block is, and how it is reached: what is shown of the one that was clicked. */
export class Details {
  readonly #card = document.querySelector<HTMLElement>('#details')!
  readonly #model: MeshModel
  readonly #nexus: Nexus
  #roundTrip = ''
  /** The peer id of the block that is shown. */
  chosen: string | undefined

  constructor(nexus: Nexus, model: MeshModel) {
    this.#nexus = nexus
    this.#model = model
    setInterval(() => void this.#ask(), REFRESH_MS)
  }

  choose(peerId: string): void {
    this.chosen = peerId
    this.#roundTrip = '…'
    this.show()
    void this.#ask()
  }

  /** Shows it as it is now; what has gone is shown no longer. */
  show(): void {
    const member = this.chosen === undefined ? undefined : this.#model.get(this.chosen)
    this.#card.hidden = member === undefined

    if (member === undefined) {
      this.chosen = undefined
      return
    }

    const { identity, view, heardAt, counts } = member
    const facts: Record<string, string> = {
      JID: identity.jid,
      'is a': `${identity.block} of the app ${identity.app}, its user's role: ${identity.role}`,
      key: `…${identity.peerId.slice(-8)}`,
      path: this.#pathTo(identity.peerId),
      'round trip': this.#roundTrip,
      'connected to':
        view === undefined ? 'it does not say' : `${new Set(view.peers.map((other) => other.peerId)).size} blocks`,
      messages: `${counts.news} news, ${counts.call} calls served, ${counts.view} of itself`,
      'last heard': `${Math.round((performance.now() - heardAt) / 1000)} s ago`
    }
    const list = document.createElement('dl')
    list.append(...Object.entries(facts).flatMap(([name, text]) => [textElement('dt', name), textElement('dd', text)]))
    const isOpen = this.#card.querySelector('button') !== null

    if (isOpen) {
      this.#card.querySelector('dl')?.replaceWith(list)
      this.#card.querySelector('h2')!.textContent = this.#model.nameOf(identity.peerId)
    } else {
      this.#card.replaceChildren(textElement('h2', this.#model.nameOf(identity.peerId)), this.#closeButton(), list)
    }
  }

  #closeButton(): HTMLElement {
    const button = textElement('button', 'Close')
    button.addEventListener('click', () => {
      this.chosen = undefined
      this.show()
    })
    return button
  }

  #pathTo(peerId: string): string {
    const open = new Set(this.#nexus.peers.flatMap(({ peer, path }) => (peer.peerId === peerId ? [path] : [])))
    const [best, ...others] = (Object.keys(PATHS) as Path[]).filter((path) => open.has(path)).map((path) => PATHS[path])

    if (best === undefined) {
      return peerId === this.#nexus.identity.peerId ? 'this page' : 'none from this page'
    }

    return others.length === 0 ? best : `${best} (and still ${others.join(', ')})`
  }

  async #ask(): Promise<void> {
    const { chosen } = this

    if (chosen === undefined) {
      return
    }

    let answer: string

    try {
      answer = `${(await this.#nexus.ping(chosen)).toFixed(1)} ms`
    } catch (error) {
      answer = `no answer: ${forPeople((error as Error).message, (peerId) => this.#model.nameOf(peerId))}`
    }

    if (this.chosen === chosen) {
      this.#roundTrip = answer
      this.show()
    }
  }
}
