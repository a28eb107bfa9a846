import type { Multiaddr } from '@multiformats/multiaddr'
import { reasonOf } from '../../lib/reason-of.ts'

/** Why a dial failed, in one line. `address` is what was dialled, when it was one address. */
export function dialReason(error: unknown, address?: Multiaddr): string {
  if (!(error instanceof Error) || error.name !== 'NoValidAddressesError') {
    return reasonOf(error)
  }

  return address === undefined
    ? 'none of its addresses is known, or none that this block can dial'
    : 'this block has no transport for such an address'
}

/** What to write in place of a text that is no multiaddr, when it is a URL: ` (...)`, else nothing. */
export function multiaddrHint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isSecure = url?.protocol === 'wss:' || url?.protocol === 'https:'

  if (url === undefined || !(isSecure || url.protocol === 'ws:' || url.protocol === 'http:')) {
    return ''
  }

  const port = url.port || (isSecure ? '443' : '80')
  const path = url.pathname === '/' ? '' : `/http-path/${encodeURIComponent(url.pathname.slice(1))}`
  return ` (as a multiaddr: /dns4/${url.hostname}/tcp/${port}/${isSecure ? 'tls/ws' : 'ws'}${path})`
}
