import { RPC } from '@libp2p/gossipsub/message'
import type { Connection, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { writer } from 'protons-runtime'
import { SESSION_PROTOCOL } from '../../../src/constants.ts'
import { encodeFrame, type FrameFields } from '../../../src/protocols/session/frame.ts'
import { MALLORY_UID, testNetwork } from '../../support/identities.ts'
import { certifiedNode } from '../../support/raw-node.ts'

const GOSSIP_PROTOCOL = '/meshsub/1.1.0'

export const network = await testNetwork({ clock: Date.now })

let count = 0

/** Connects with a new key of a user, and keeps to no protocol from there on. */
export async function rogue(addresses: readonly string[], uid = MALLORY_UID): Promise<Rogue> {
  const node = await certifiedNode(network, { uid, role: 'user', block: 'device', resource: `rogue${count++}` })
  // What is sent to it is read and dropped, so that it stays a good neighbour.
  await node.handle(GOSSIP_PROTOCOL, (stream) => stream.resume())
  return new Rogue(await node.dial(addresses.map((address) => multiaddr(address))))
}

/** A member with a certificate that writes what it likes. */
export class Rogue {
  readonly connection: Connection

  constructor(connection: Connection) {
    this.connection = connection
  }

  get isConnected(): boolean {
    return this.connection.status === 'open'
  }

  session(): Promise<RogueStream<FrameFields>> {
    return this.#stream(SESSION_PROTOCOL, encodeFrame)
  }

  gossip(): Promise<RogueStream<Partial<RPC>>> {
    return this.#stream(GOSSIP_PROTOCOL, (rpc) =>
      writer()
        .bytes(RPC.encode({ subscriptions: [], messages: [], ...rpc }))
        .finish()
    )
  }

  async #stream<T>(protocol: string, encode: (message: T) => Uint8Array): Promise<RogueStream<T>> {
    const stream = await this.connection.newStream(protocol)
    stream.addEventListener('message', () => undefined)
    return new RogueStream(stream, encode)
  }
}

/** A stream of messages that takes no more than the other side reads. */
export class RogueStream<T> {
  readonly #stream: Stream
  readonly #encode: (message: T) => Uint8Array
  bytes = 0

  constructor(stream: Stream, encode: (message: T) => Uint8Array) {
    this.#stream = stream
    this.#encode = encode
  }

  get isOpen(): boolean {
    return this.#stream.writeStatus === 'writable'
  }

  async send(message: T): Promise<void> {
    await this.sendBytes(this.#encode(message))
  }

  async sendBytes(bytes: Uint8Array): Promise<void> {
    this.bytes += bytes.byteLength

    if (!this.#stream.send(bytes)) {
      await new Promise<void>((resolve) => {
        this.#stream.addEventListener('drain', () => resolve(), { once: true })
        this.#stream.addEventListener('close', () => resolve(), { once: true })
      })
    }
  }
}
