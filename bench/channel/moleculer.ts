/** Moleculer's broadcast events. */
import { freePort } from '../peers/free-port.ts'
import { createBroker } from '../peers/moleculer.ts'
import { CHANNEL, type ChannelKind } from './kind.ts'
import type { Body } from './load.ts'

export const moleculerChannel: ChannelKind = {
  async hub(members) {
    const ports: number[] = []

    for (let index = 0; index < members; index++) {
      ports.push(await freePort())
    }
    return JSON.stringify(ports)
  },

  async join(address, index) {
    const ports = JSON.parse(address) as number[]
    const urls = ports.map((port, at) => `127.0.0.1:${port}/node${at}`)
    const broker = createBroker(`node${index}`, ports[index] ?? null, urls)
    let deliver: ((body: Body) => void) | undefined
    broker.createService({
      name: 'bench',
      // The publisher's own service gets its events, too, and has nobody to deliver to.
      events: { [CHANNEL]: { context: true, handler: ({ params }: { params: Body }) => deliver?.(params) } }
    })
    await broker.start()
    return {
      async subscribe(onBody) {
        deliver = onBody
        const online = (): number => broker.registry.getNodeList({ onlyAvailable: true }).length

        // In a mesh all nodes know each other in the end.
        while (online() < ports.length) {
          await new Promise((resolve) => setTimeout(resolve, 50))
        }
      },
      publish: (body) => broker.broadcast(CHANNEL, body)
    }
  }
}
