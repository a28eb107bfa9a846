/**
 * A worker, whole: it serves a command, takes directs and follows a channel. What it receives it tells on stdout, a
 * JSON line each.
 *
 *     node worker.ts --credential anna.json --bootstrap /ip4/127.0.0.1/tcp/9700/p2p/12D3KooW...
 */
import { parseArgs } from 'node:util'
import { createNexus, type Json } from '../../index.ts'

/** How often it tells what it is connected to. */
const VIEW_MS = 2_000

const { values } = parseArgs({
  options: {
    credential: { type: 'string', default: 'credential.json' },
    bootstrap: { type: 'string', multiple: true },
    listen: { type: 'string', multiple: true },
    webrtc: { type: 'boolean' }
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

nexus.handle<{ a: number; b: number }>('multiply', ({ body, from }) => {
  show('mesh.calls', { caller: from.peerId })
  return { code: 0, result: body.a * body.b, caller: from, worker: nexus.identity.peerId }
})

nexus.onDirect(({ body, from }) => tell('direct', { body, from }))

await nexus.subscribe('news', ({ body, from, itsMe, itsBro }) => tell('channel', { body, from, itsMe, itsBro }))

// What the demo's page shows of this block: whom it is connected to, and how.
setInterval(() => {
  show('mesh.view', { peers: nexus.peers.map(({ peer, path }) => ({ peerId: peer.peerId, path })) })
}, VIEW_MS).unref()

tell('ready', { ...nexus.identity, addresses: nexus.addresses })

function leave(): void {
  joining.then((block) => block.stop()).finally(() => process.exit())
}

// Whether anybody looks is of no interest here.
function show(channel: string, body: { [key: string]: Json }): void {
  nexus.publish(channel, body).catch(() => undefined)
}

function tell(event: string, details: object): void {
  process.stdout.write(`${JSON.stringify({ event, ...details })}\n`)
}
