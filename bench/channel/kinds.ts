import type { ChannelKind } from './kind.ts'
import { moleculerChannel } from './moleculer.ts'
import { mqttChannel } from './mqtt.ts'
import { natsChannel } from './nats.ts'
import { nexusChannel } from './nexus.ts'
import { socketIoChannel } from './socketio.ts'
import { tcpChannel } from './tcp.ts'

/** By the name that the bench is asked for. */
const KINDS: Record<string, ChannelKind> = {
  nexus: nexusChannel(false),
  'nexus-relay': nexusChannel(true),
  nats: natsChannel,
  mqtt: mqttChannel,
  socketio: socketIoChannel,
  moleculer: moleculerChannel,
  tcp: tcpChannel
}

export function channelKindOf(name: string): ChannelKind {
  const kind = KINDS[name]

  if (kind === undefined) {
    throw new Error(`no such kind of channel: ${name}; there are ${Object.keys(KINDS).join(', ')}`)
  }
  return kind
}
