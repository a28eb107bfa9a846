import { freePort } from '../peers/free-port.ts'
import { createBroker } from '../peers/moleculer.ts'
import { answerTo, type Kind, type Question } from './kind.ts'

const SERVER = 'server'
/** Clients of this process so far. */
let opened = 0

const urlOf = (port: number): string => `127.0.0.1:${port}/${SERVER}`

export const moleculerKind: Kind = {
  async serve() {
    const port = await freePort()
    const broker = createBroker(SERVER, port, [urlOf(port)])
    broker.createService({
      name: 'bench',
      actions: {
        multiply: ({ params }: { params: Question }) => answerTo(params),
        direct: () => null
      }
    })
    await broker.start()
    return String(port)
  },

  async open(address) {
    const broker = createBroker(`client${opened++}`, null, [urlOf(Number(address))])
    await broker.start()
    await broker.waitForServices(['bench'], 30_000)
    return {
      call: (question) => broker.call('bench.multiply', question),
      direct: async (question) => void (await broker.call('bench.direct', question))
    }
  }
}
