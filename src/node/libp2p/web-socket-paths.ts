import { CODE_HTTP_PATH, CODE_WS, CODE_WSS, type Component, type Multiaddr } from '@multiformats/multiaddr'
import { WebSockets, WebSocketsSecure } from '@multiformats/multiaddr-matcher'

let areKnown = false

/**
 * Has libp2p take an address with a path (`/dns4/host/tcp/443/tls/ws/http-path/nexus`) for one of a WebSocket, wherever
 * it matches addresses: to dial it, and those that go on from it, through a relay and to WebRTC. What turns an address
 * into a URL knows paths, and the matchers do not. They are built of the two that are changed here.
 */
export function knowWebSocketPaths(): void {
  if (areKnown) {
    return
  }

  areKnown = true

  for (const matcher of [...WebSockets.matchers, ...WebSocketsSecure.matchers]) {
    const match = matcher.match.bind(matcher)
    matcher.match = (components) => match(withoutPath(components))
  }
}

/** Whether an address is one of a WebSocket at a path of its host. */
export function hasPath(address: Multiaddr): boolean {
  return address.getComponents().some(({ code }) => code === CODE_HTTP_PATH)
}

function withoutPath(components: Component[]): Component[] {
  const socket = components.findIndex(({ code }) => code === CODE_WS || code === CODE_WSS)
  return socket !== -1 && components[socket + 1]?.code === CODE_HTTP_PATH
    ? components.toSpliced(socket + 1, 1)
    : components
}
