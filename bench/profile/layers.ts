/** In which layer of Nexus a profile's time was spent, by the names of files. */
import type { Profile } from './recorder.ts'

export const LAYERS = [
  'frame',
  'seal',
  'muxer',
  'socket',
  'dispatch',
  'signature',
  'verify',
  'gossip',
  'garbage',
  'system',
  'rest'
] as const

export type Layer = (typeof LAYERS)[number]

/** What each layer holds, for people. */
export const LAYER_TEXTS: Record<Layer, string> = {
  frame: 'frames and bodies: protobuf, JSON, byte lists',
  seal: 'encryption that JavaScript calls: TLS, Noise, the bodies of channels',
  muxer: 'yamux and its streams',
  socket: 'TCP sockets and the streams round them; TLS seals inside of their writes',
  dispatch: 'from a frame to the handler and back: calls, find, channels, their limits and timers',
  signature: 'signing',
  verify: 'checking signatures and certificates',
  gossip: 'gossipsub, and what Nexus puts before and after it',
  garbage: 'garbage collection',
  system: 'outside of JavaScript: what the kernel and TLS do when bytes come',
  rest: "Node's own event loop, and the bench"
}

interface Place {
  name: string
  url: string
  /** The layer of what called it. */
  caller: Layer
}

type Fits = (place: Place) => boolean

/** The profiler itself. */
const OWN = 'node:inspector'

/** The first that fits. What fits none is its caller's: native functions, and helpers of many layers. */
const PLACES: ReadonlyArray<[Layer, Fits]> = [
  ['garbage', ({ name }) => name === '(garbage collector)'],
  ['system', ({ name }) => name === '(program)'],
  ['verify', inCrypto(/verif/i)],
  ['signature', inCrypto(/sign/i)],
  ['verify', ({ name }) => name === 'validateToRawMessage'],
  ['verify', inFile(/\/(message-validator|verifier|certificate|jws)\.[jt]s$/)],
  ['signature', inFile(/\/(buildRawMessage|signed-gossip)\.[jt]s$/)],
  // Keys and hashes of signatures stay with these.
  ['seal', (place) => !isSigned(place.caller) && inFile(/internal\/crypto|noble/)(place)],
  ['seal', inFile(/libp2p\/(tls|noise)\/|node:_?tls|\/(gate|cipher|handshake)\.[jt]s|tls-?\w*\.[jt]s$/i)],
  ['muxer', inFile(/yamux|abstract-(multiaddr-connection|stream|message-stream|stream-muxer)/)],
  ['socket', inFile(/libp2p\/tcp\/|node:net|internal\/(stream|js_stream)|node:stream|stream_base|socket-to-conn/)],
  ['gossip', inFile(/gossipsub|protocols\/(gossip|subscription)\/|\/it-/)],
  ['frame', inFile(/protocols\/(session|body|pb)\/|protons-runtime|uint8-?arrays?|uint8arraylist|varint/)],
  ['dispatch', inFile(/\/src\/(protocols|lib|node|identity)\/|\/(libp2p|@libp2p|multiformats|lru-cache|main-event)\//)],
  ['rest', inFile(/\/bench\/|internal\/(process|timers)|node:timers/)]
]

/** Processor time by layer, in ms, without what was idle. */
export function layerTimes({ nodes, samples = [], timeDeltas = [] }: Profile): Record<Layer, number> {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const layers = new Map<number, Layer | undefined>()
  const visit = (id: number, caller: Layer): void => {
    const node = byId.get(id)
    const { functionName: name, url } = node?.callFrame ?? { functionName: '', url: '' }
    const layer = PLACES.find(([, fits]) => fits({ name, url, caller }))?.[0] ?? caller
    layers.set(id, name === '(idle)' || url === OWN ? undefined : layer)

    for (const child of node?.children ?? []) {
      visit(child, layer)
    }
  }
  const times = Object.fromEntries(LAYERS.map((layer) => [layer, 0])) as Record<Layer, number>
  visit(nodes[0]?.id ?? 0, 'rest')

  for (const [index, id] of samples.entries()) {
    const layer = layers.get(id)

    if (layer !== undefined) {
      times[layer] += (timeDeltas[index] ?? 0) / 1_000
    }
  }
  return times
}

function inFile(pattern: RegExp): Fits {
  return ({ url }) => pattern.test(url)
}

function inCrypto(pattern: RegExp): Fits {
  return ({ name, url }) => /internal\/crypto|libp2p\/crypto/.test(url) && pattern.test(name)
}

const isSigned = (layer: Layer): boolean => layer === 'verify' || layer === 'signature'
