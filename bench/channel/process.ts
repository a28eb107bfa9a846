/** One process of the bench of channels: the publisher or a subscriber, as its coordinator orders. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { createNexus } from '../../src/node/create.ts'
import type { Nexus } from '../../src/types.ts'
import { type Body, drip, flood, now, sendTcp } from './load.ts'
import type { Order } from './orders.ts'

const CHANNEL = 'bench'
const LISTEN = ['/ip4/127.0.0.1/tcp/0']

function serve(): void {
  let nexus: Nexus | undefined
  const sockets: Socket[] = []
  let expected = 0
  let received = 0
  let missed = 0
  let latencies: number[] = []
  let reached: (() => void) | undefined
  let whole: Promise<number> | undefined

  const count = (messages: number): void => {
    received += messages

    if (received >= expected) {
      reached?.()
    }
  }
  const onBody = ({ at }: Body): void => {
    if (at > 0) {
      latencies.push((now() - at) / 1e6)
    }
    count(1)
  }
  const steps = {
    start: async ({ credential, bootstrap }: Order & { do: 'start' }) => {
      nexus = await createNexus({ credential: credential as never, bootstrap, listen: LISTEN })
      return nexus.addresses
    },
    subscribe: async () => {
      const { reach } = await nexus!.subscribe<Body>(CHANNEL, ({ body, itsMe }) => (itsMe ? undefined : onBody(body)), {
        onGap: ({ missed: more }) => {
          missed += more
          count(more)
        }
      })
      return reach
    },
    'listen-tcp': async () => {
      const server = createServer((socket) => void sockets.push(socket.setNoDelay())).listen(0, '127.0.0.1')
      await once(server, 'listening')
      return (server.address() as { port: number }).port
    },
    'connect-tcp': async ({ port }: Order & { do: 'connect-tcp' }) => {
      const socket = connect(port, '127.0.0.1').setNoDelay()
      createInterface({ input: socket }).on('line', (line) => onBody(JSON.parse(line)))
      await once(socket, 'connect')
    },
    expect: async ({ count }: Order & { do: 'expect' }) => {
      expected = count
      received = 0
      missed = 0
      latencies = []
      whole = new Promise<number>((resolve) => {
        reached = () => resolve(now())
      })
    },
    tell: async () => ({ at: await whole, latencies, missed }),
    publish: async ({ count, pauseMs, tcp }: Order & { do: 'publish' }) => {
      const began = now()
      const one =
        tcp === true ? sendTcp(sockets) : async (body: Body) => void (await nexus!.publish(CHANNEL, { ...body }))
      await (pauseMs === undefined ? flood(count, one) : drip(count, pauseMs, one))
      return began
    },
    stop: async () => {
      await nexus?.stop()
      process.exit(0)
    }
  }

  process.on('message', async ({ id, order }: { id: number; order: Order }) => {
    const step = steps[order.do] as (order: Order) => Promise<unknown>
    const result = await step(order).catch((error: unknown) => ({ error: String(error) }))
    process.send!({ id, result })
  })
}

serve()
