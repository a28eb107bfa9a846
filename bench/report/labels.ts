import type { Figure } from '../result.ts'
import { formatNumber } from '../statistics.ts'

const LABELS: Record<string, string> = {
  nexus: 'Nexus',
  'nexus-relay': 'Nexus through a relay',
  'nexus-python': 'Nexus from Python',
  protomux: 'protomux-rpc',
  moleculer: 'Moleculer',
  nats: 'NATS',
  socketio: 'Socket.IO',
  mqtt: 'MQTT',
  xmpp: 'XMPP',
  tcp: 'bare TCP',
  tls: 'bare TLS'
}

export function labelOf(kind: string): string {
  return LABELS[kind] ?? kind
}

/** A median, with the least and the most of several rounds. */
export function figureText({ value, range: [least, most] }: Figure, unit = ''): string {
  const median = [formatNumber(value), ...(unit === '' ? [] : [unit])].join(' ')
  return least === most ? median : `${median} (${formatNumber(least)} to ${formatNumber(most)})`
}
