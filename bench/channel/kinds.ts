import { type Choices, choose } from '../choose.ts'
import type { ChannelKind } from './kind.ts'

const KINDS: Choices<ChannelKind> = {
  nexus: async () => (await import('./nexus.ts')).nexusChannel(false),
  'nexus-relay': async () => (await import('./nexus.ts')).nexusChannel(true),
  nats: async () => (await import('./nats.ts')).natsChannel,
  mqtt: async () => (await import('./mqtt.ts')).mqttChannel,
  socketio: async () => (await import('./socketio.ts')).socketIoChannel,
  moleculer: async () => (await import('./moleculer.ts')).moleculerChannel,
  xmpp: async () => (await import('./xmpp.ts')).xmppChannel,
  tcp: async () => (await import('./tcp.ts')).tcpChannel
}

export const channelKindOf = (name: string): Promise<ChannelKind> => choose('kind of channel', KINDS, name)
