/** WebRTC that is loaded when the first connection needs it: most of what a page does goes without. */
import {
  type Connection,
  type DialTransportOptions,
  type Listener,
  type ListenerEvents,
  type StreamHandler,
  type Transport,
  transportSymbol
} from '@libp2p/interface'
import type { WebRTCTransportComponents } from '@libp2p/webrtc'
import { CODE_P2P_CIRCUIT, type Multiaddr } from '@multiformats/multiaddr'
import { WebRTC, WebRTCDirect } from '@multiformats/multiaddr-matcher'
import { TypedEventEmitter } from 'main-event'
import { SIGNALING_PROTOCOL } from '../../constants.ts'
import type { TransportFactory } from './platform.ts'

/** The factories of the signalled transport, and of WebRTC-Direct. */
export interface WebRtcFactories {
  signalled: TransportFactory
  direct: TransportFactory
}

export type LoadWebRtc = () => Promise<WebRtcFactories>

/**
 * WebRTC that is signalled through a circuit. It takes the library's place until that is there. `onStopped` is told when
 * its node has stopped.
 */
export function lateSignalled(load: LoadWebRtc, onStopped?: () => void): TransportFactory {
  return (components) => new LateSignalled(components, async () => (await load()).signalled, onStopped)
}

/** Both transports, in a page. */
export function lateWebRtc(load: LoadWebRtc): TransportFactory[] {
  return [lateSignalled(load), (components) => new LateTransport(components, async () => (await load()).direct)]
}

/** WebRTC-Direct, which a page only dials. */
class LateTransport implements Transport {
  readonly [transportSymbol] = true as const
  readonly #components: object
  readonly #load: () => Promise<TransportFactory>
  #loading: Promise<Transport> | undefined

  constructor(components: object, load: () => Promise<TransportFactory>) {
    this.#components = components
    this.#load = load
  }

  get [Symbol.toStringTag](): string {
    return '@libp2p/webrtc-direct'
  }

  async dial(address: Multiaddr, options: DialTransportOptions): Promise<Connection> {
    const transport = await this.loaded()
    options.signal.throwIfAborted()
    return transport.dial(address, options)
  }

  createListener(): Listener {
    throw new Error('a page does not listen for WebRTC-Direct')
  }

  listenFilter(_addresses: Multiaddr[]): Multiaddr[] {
    return []
  }

  dialFilter(addresses: Multiaddr[]): Multiaddr[] {
    return addresses.filter(WebRTCDirect.exactMatch)
  }

  /** The library's transport; a load that failed is tried again by the next. */
  protected async loaded(): Promise<Transport> {
    this.#loading ??= this.#load().then((factory) => this.opened(factory, this.#components))

    try {
      return await this.#loading
    } catch (error) {
      this.#loading = undefined
      throw error
    }
  }

  protected async opened(factory: TransportFactory, components: object): Promise<Transport> {
    return factory(components)
  }
}

/** WebRTC that is signalled through a circuit, which a page dials and answers. */
class LateSignalled extends LateTransport {
  readonly #components: WebRTCTransportComponents
  #opened: (Transport & { stop: () => Promise<void> }) | undefined
  #answer: StreamHandler | undefined
  /** Called when all of the node has stopped. */
  readonly afterStop: (() => void) | undefined

  constructor(
    components: WebRTCTransportComponents,
    load: () => Promise<TransportFactory>,
    onStopped: (() => void) | undefined
  ) {
    super(components, load)
    this.#components = components
    this.afterStop = onStopped
  }

  override get [Symbol.toStringTag](): string {
    return '@libp2p/webrtc'
  }

  async start(): Promise<void> {
    // What the other side sends meanwhile waits unread.
    const answer: StreamHandler = async (stream, connection) => {
      await this.loaded().catch((error: Error) => stream.abort(error))
      await this.#answer?.(stream, connection)
    }
    await this.#components.registrar.handle(SIGNALING_PROTOCOL, answer, { runOnLimitedConnection: true })
  }

  async stop(): Promise<void> {
    await this.#components.registrar.unhandle(SIGNALING_PROTOCOL)
    // The library ends what it has under way with its listener.
    await this.#opened?.createListener({ upgrader: this.#components.upgrader }).close()
  }

  override createListener(): Listener {
    return new CircuitListener(this.#components)
  }

  override listenFilter(addresses: Multiaddr[]): Multiaddr[] {
    return addresses.filter(WebRTC.exactMatch)
  }

  override dialFilter(addresses: Multiaddr[]): Multiaddr[] {
    return this.listenFilter(addresses)
  }

  // Who has asked for the signalling protocol, when the library is there, has been answered above already.
  protected override async opened(factory: TransportFactory, components: object): Promise<Transport> {
    const registrar = {
      handle: async (_protocol: string, handler: StreamHandler): Promise<void> => {
        this.#answer = handler
      },
      unhandle: async (): Promise<void> => undefined
    }
    const transport = factory(Object.create(components, { registrar: { value: registrar } })) as Transport & {
      start: () => Promise<void>
      stop: () => Promise<void>
    }
    await transport.start()
    this.#opened = transport
    return transport
  }
}

/** Addresses by which a page is reached: each circuit to it, with `/webrtc` behind. */
class CircuitListener extends TypedEventEmitter<ListenerEvents> implements Listener {
  readonly #components: WebRTCTransportComponents

  constructor(components: WebRTCTransportComponents) {
    super()
    this.#components = components
  }

  async listen(): Promise<void> {
    this.#components.events.addEventListener('transport:listening', this.#onListening)
  }

  getAddrs(): Multiaddr[] {
    const others = this.#components.transportManager
      .getListeners()
      .filter((listener) => !(listener instanceof CircuitListener))
    return others.flatMap(addressesThrough)
  }

  updateAnnounceAddrs(): void {}

  async close(): Promise<void> {
    this.#components.events.removeEventListener('transport:listening', this.#onListening)
    this.safeDispatchEvent('close')
  }

  readonly #onListening = ({ detail }: CustomEvent<Listener>): void => {
    if (addressesThrough(detail).length > 0) {
      this.safeDispatchEvent('listening')
    }
  }
}

function addressesThrough(listener: Listener): Multiaddr[] {
  const circuits = listener.getAddrs().filter((address) => address.getComponents().at(-1)?.code === CODE_P2P_CIRCUIT)
  return circuits.map((address) => address.encapsulate('/webrtc'))
}
