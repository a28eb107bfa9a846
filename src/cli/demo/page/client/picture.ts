import type { Identity } from '../../../../types.ts'
import { type Box, layOut, type Point } from './layout.ts'
import type { Edge, Shown } from './model.ts'

const SVG = 'http://www.w3.org/2000/svg'
/** How long a message takes along one edge, in ms. */
const TRAVEL_MS = 700
/** Messages shown at a time: more would be a blur. */
const MAX_MOVING = 60
const GLYPHS: Record<Identity['block'], string> = {
  relay: 'R',
  worker: 'W',
  device: 'D',
  adminpanel: 'A',
  xwebsite: 'P'
}

export type MessageKind = 'call' | 'channel' | 'view'

/** The mesh as an SVG picture. */
export class Picture {
  readonly #svg: SVGSVGElement
  readonly #ghosts: SVGElement
  readonly #edges = layer()
  readonly #moving = layer()
  readonly #nodes = layer()
  readonly #still = matchMedia('(prefers-reduced-motion: reduce)')
  #points = new Map<string, Point>()
  #relay: string | undefined
  #drawn = ''
  /** Told of the block that was clicked. */
  onChoose: (peerId: string) => void = () => undefined

  constructor(svg: SVGSVGElement) {
    this.#svg = svg
    this.#ghosts = svg.querySelector<SVGElement>('#ghosts')!
    svg.append(this.#edges, this.#moving, this.#nodes)
    svg.addEventListener('click', ({ target }) => this.#choose(target))
    svg.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' || event.key === ' ') {
        event.preventDefault()
        this.#choose(event.target)
      }
    })
  }

  /** What is to come, until there is something to see: this page, on its way to a relay. */
  drawGhosts(user: string): void {
    const { clientWidth: width, clientHeight: height } = this.#svg
    const [x, top, bottom] = [width / 2, height * 0.35, height * 0.7]
    this.#svg.setAttribute('viewBox', `0 0 ${width} ${height}`)
    const ghost = (glyph: string, name: string, y: number): SVGElement => {
      const node = element('g', { class: 'node ghost', transform: `translate(${x} ${y})` })
      node.append(
        element('circle', { r: '20' }),
        element('text', { class: 'glyph' }, glyph),
        element('text', { class: 'name label', y: '38' }, name)
      )
      return node
    }
    this.#ghosts.replaceChildren(
      element('path', { class: 'edge ghost', d: `M${x} ${bottom} L${x} ${top}` }),
      ghost(GLYPHS.relay, 'a relay', top),
      ghost(GLYPHS.xwebsite, `${user} (this page), joining`, bottom)
    )
  }

  /** Draws blocks and edges, when something has changed. */
  draw(blocks: Shown[], edges: Edge[], { self, chosen }: { self: string; chosen: string | undefined }): void {
    const { clientWidth: width, clientHeight: height } = this.#svg
    const looks = blocks.map(({ identity, name, ...flags }) => [identity.peerId, name, flags])
    const drawn = JSON.stringify([width, height, self, chosen, looks, edges])

    if (drawn === this.#drawn || width === 0) {
      return
    }

    const box: Box = { width, height }
    const identities = blocks.map(({ identity }) => identity)
    const focused = document.activeElement?.getAttribute('data-peer')
    this.#drawn = drawn
    this.#relay = identities.find(({ block }) => block === 'relay')?.peerId
    this.#points = layOut(identities, self, box)
    this.#svg.setAttribute('viewBox', `0 0 ${width} ${height}`)
    this.#ghosts.replaceChildren()
    this.#edges.replaceChildren(...edges.map((edge) => this.#edge(edge)))
    this.#nodes.replaceChildren(...blocks.map((block) => this.#node(block, self, chosen)))

    if (focused) {
      this.#nodes.querySelector<SVGElement>(`[data-peer="${focused}"]`)?.focus()
    }
  }

  /** Shows a message on its way from one block to another. */
  move(from: string, to: string, kind: MessageKind): void {
    const edge = this.#find(from, to)

    if (edge === undefined) {
      // No connection of their own: it goes through the relay, as far as anybody here can see.
      if (this.#relay !== undefined && from !== this.#relay && to !== this.#relay) {
        this.move(from, this.#relay, kind)
        setTimeout(() => this.move(this.#relay ?? from, to, kind), TRAVEL_MS)
      }
      return
    }

    edge.classList.add('lit')
    setTimeout(() => edge.classList.remove('lit'), TRAVEL_MS)

    if (!this.#still.matches && this.#moving.childElementCount < MAX_MOVING) {
      this.#animate(edge, edge.dataset.from === from, kind)
    }
  }

  #find(a: string, b: string): SVGPathElement | undefined {
    const [from, to] = a < b ? [a, b] : [b, a]
    return this.#edges.querySelector<SVGPathElement>(`[data-from="${from}"][data-to="${to}"]`) ?? undefined
  }

  #animate(edge: SVGPathElement, forwards: boolean, kind: MessageKind): void {
    const dot = element('circle', { class: 'message', r: kind === 'view' ? '3' : '6', 'data-kind': kind })
    const length = edge.getTotalLength()
    const start = performance.now()
    this.#moving.append(dot)

    const step = (now: number): void => {
      const part = Math.min(1, Math.max(0, now - start) / TRAVEL_MS)
      const { x, y } = edge.getPointAtLength(length * (forwards ? part : 1 - part))
      dot.setAttribute('cx', String(x))
      dot.setAttribute('cy', String(y))

      if (part < 1 && edge.isConnected) {
        requestAnimationFrame(step)
      } else {
        dot.remove()
      }
    }
    step(start)
  }

  // A relayed path bends towards the relay that carries it.
  #edge({ from, to, path }: Edge): SVGElement {
    const a = this.#points.get(from) ?? { x: 0, y: 0 }
    const b = this.#points.get(to) ?? { x: 0, y: 0 }
    const relay = this.#points.get(this.#relay ?? '') ?? a
    const bend = { x: (a.x + b.x) / 4 + relay.x / 2, y: (a.y + b.y) / 4 + relay.y / 2 }
    const line =
      path === 'relay' ? `M${a.x} ${a.y} Q${bend.x} ${bend.y} ${b.x} ${b.y}` : `M${a.x} ${a.y} L${b.x} ${b.y}`
    return element('path', { class: 'edge', d: line, 'data-from': from, 'data-to': to, 'data-path': path })
  }

  #choose(target: EventTarget | null): void {
    const peerId = (target as Element | null)?.closest('[data-peer]')?.getAttribute('data-peer')

    if (peerId) {
      this.onChoose(peerId)
    }
  }

  #node({ identity, name, isStale, isHearsay }: Shown, self: string, chosen: string | undefined): SVGElement {
    const { peerId, app, uid, role, block, resource } = identity
    const { x, y } = this.#points.get(peerId) ?? { x: 0, y: 0 }
    const looks = { self: peerId === self, chosen: peerId === chosen, stale: isStale, hearsay: isHearsay }
    const state = [isStale ? 'silent, may be gone' : '', isHearsay ? 'known by its messages alone' : '']
    const told = [`${app}-${uid}-${role}`, `${block} ${resource}`, ...state].filter((text) => text !== '').join(', ')
    const node = element('g', {
      class: ['node', ...Object.entries(looks).flatMap(([look, has]) => (has ? [look] : []))].join(' '),
      transform: `translate(${x} ${y})`,
      style: `--node: ${colourOf(app)}`,
      tabindex: '0',
      role: 'button',
      'aria-label': `${name}, ${told}`,
      'data-peer': peerId,
      'data-block': block
    })
    node.append(
      element('title', {}, told),
      element('circle', { r: '20' }),
      element('text', { class: 'glyph' }, GLYPHS[block]),
      element('text', { class: 'name label', y: '38' }, peerId === self ? `${name} (this page)` : name),
      element('text', { class: 'what label', y: '53' }, block === 'relay' ? 'relay' : `${role} · ${app}/${resource}`)
    )
    return node
  }
}

/** A colour for each app, the same everywhere. */
function colourOf(app: string): string {
  const hue = [...app].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 360, 7)
  return `light-dark(hsl(${hue} 65% 38%), hsl(${hue} 70% 70%))`
}

function layer(): SVGElement {
  return element('g', {})
}

function element(name: string, attributes: Record<string, string>, text?: string): SVGElement {
  const made = document.createElementNS(SVG, name) as SVGElement

  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value)
  }

  if (text !== undefined) {
    made.textContent = text
  }

  return made
}
