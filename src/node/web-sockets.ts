import type { MultiaddrConnection, Transport, Upgrader } from '@libp2p/interface'
import { type WebSocketsComponents, webSockets } from '@libp2p/websockets'

/** What a connection of the library's transport has beside its interface. */
interface WebSocketConnection extends MultiaddrConnection {
  websocket?: { close: () => void; terminate?: () => void }
  sendReset?: () => void
}

/**
 * The WebSocket transport, with connections that end when they are aborted. The library closes an aborted one with the
 * code 1006, which WebSocket refuses (RFC 6455, 7.4.1): the socket stays open, and the other side learns nothing.
 */
export function closingWebSockets(): (components: WebSocketsComponents) => Transport {
  const factory = webSockets()

  return (components) => {
    const transport = factory(components)
    const dial = transport.dial.bind(transport)
    const createListener = transport.createListener.bind(transport)
    transport.dial = (address, options) => dial(address, { ...options, upgrader: mending(options.upgrader) })
    transport.createListener = (options) => createListener({ ...options, upgrader: mending(options.upgrader) })
    return transport
  }
}

function mending(upgrader: Upgrader): Upgrader {
  return Object.assign(Object.create(upgrader) as Upgrader, {
    upgradeInbound: ((connection, options) =>
      upgrader.upgradeInbound(mend(connection), options)) satisfies Upgrader['upgradeInbound'],
    upgradeOutbound: ((connection, options) =>
      upgrader.upgradeOutbound(mend(connection), options)) satisfies Upgrader['upgradeOutbound']
  })
}

function mend(connection: WebSocketConnection): MultiaddrConnection {
  const { websocket } = connection

  if (websocket !== undefined) {
    connection.sendReset = () => (websocket.terminate === undefined ? websocket.close() : websocket.terminate())
  }

  return connection
}
