import type { WatchWebSocket } from '../libp2p/web-sockets.ts'

/** Where this page's Content-Security-Policy lets no WebSocket go, as far as it was tried. */
const forbidden = new Set<string>()
let isWatched = false

/**
 * Tells of WebSockets that the page's Content-Security-Policy forbids (https://www.w3.org/TR/CSP3/#violation-events).
 * Each is tried once, as browsers write every try on the console, and no page can read its own policy.
 */
export const watchPagePolicy: WatchWebSocket = (url) => {
  const { origin } = new URL(url)

  if (!isWatched) {
    isWatched = true
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective, disposition, blockedURI }) => {
      if (effectiveDirective === 'connect-src' && disposition === 'enforce' && URL.canParse(blockedURI)) {
        forbidden.add(new URL(blockedURI).origin)
      }
    })
  }

  return {
    reason: () =>
      forbidden.has(origin) ? `the page's Content-Security-Policy does not allow ${origin} (connect-src)` : undefined,
    end: () => undefined
  }
}
