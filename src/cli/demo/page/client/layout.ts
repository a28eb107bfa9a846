import type { Identity } from '../../../../types.ts'

export interface Point {
  x: number
  y: number
}

export interface Box {
  width: number
  height: number
}

/** Room for a block's circle and the two lines below it. */
const MARGIN = { side: 68, top: 40, bottom: 124 }

/**
 * Where each block stands: relays in the middle, this page at the bottom, the others round them in the order in which
 * they are given.
 */
export function layOut(blocks: readonly Identity[], self: string, { width, height }: Box): Map<string, Point> {
  const centre = { x: width / 2, y: (MARGIN.top + height - MARGIN.bottom) / 2 }
  const radius = {
    x: Math.max(40, Math.min(width / 2 - MARGIN.side, 420)),
    y: Math.max(40, (height - MARGIN.top - MARGIN.bottom) / 2)
  }
  const relays = blocks.filter(({ block }) => block === 'relay')
  const others = blocks.filter(({ block, peerId }) => block !== 'relay' && peerId !== self)
  const ring = [self, ...others.map(({ peerId }) => peerId)]
  const points = new Map<string, Point>()

  relays.forEach(({ peerId }, index) => {
    points.set(peerId, { x: centre.x + (index - (relays.length - 1) / 2) * 110, y: centre.y })
  })
  ring.forEach((peerId, index) => {
    // From the bottom, clockwise.
    const angle = Math.PI / 2 + (index * 2 * Math.PI) / ring.length
    points.set(peerId, { x: centre.x + radius.x * Math.cos(angle), y: centre.y + radius.y * Math.sin(angle) })
  })

  return points
}
