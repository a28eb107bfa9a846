/**
 * A worker, whole: it serves a command, takes directs and follows a channel. What it receives it tells on stdout, a
 * JSON line each.
 *
 *     node worker.ts --credential anna.json --bootstrap /ip4/127.0.0.1/tcp/9700/p2p/12D3KooW...
 */
import { parseArgs } from 'node:util'
import { createNexus } from '../../index.ts'

const { values } = parseArgs({
  options: {
    credential: { type: 'string', default: 'credential.json' },
    bootstrap: { type: 'string', multiple: true },
    listen: { type: 'string', multiple: true }
  }
})

const joining = createNexus(values)

// It leaves in order when it is asked to, or when whoever started it is gone.
for (const signal of ['SIGINT', 'SIGTERM', 'disconnect']) {
  process.once(signal, leave)
}

if (process.connected === false) {
  leave()
}

const nexus = await joining

nexus.handle<{ a: number; b: number }>('multiply', ({ body, from }) => ({
  code: 0,
  result: body.a * body.b,
  caller: from,
  worker: nexus.identity.peerId
}))

nexus.onDirect(({ body, from }) => tell('direct', { body, from }))

await nexus.subscribe('news', ({ body, from, itsMe, itsBro }) => tell('channel', { body, from, itsMe, itsBro }))

tell('ready', { ...nexus.identity, addresses: nexus.addresses })

function leave(): void {
  joining.then((block) => block.stop()).finally(() => process.exit())
}

function tell(event: string, details: object): void {
  process.stdout.write(`${JSON.stringify({ event, ...details })}\n`)
}
