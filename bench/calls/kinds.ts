import { type Choices, choose } from '../choose.ts'
import type { Kind } from './kind.ts'

const KINDS: Choices<Kind> = {
  nexus: async () => (await import('./nexus.ts')).nexusKind(false),
  'nexus-relay': async () => (await import('./nexus.ts')).nexusKind(true),
  'nexus-python': async () => (await import('./python.ts')).pythonKind,
  protomux: async () => (await import('./protomux.ts')).protomuxKind,
  moleculer: async () => (await import('./moleculer.ts')).moleculerKind,
  nats: async () => (await import('./nats.ts')).natsKind,
  socketio: async () => (await import('./socketio.ts')).socketIoKind,
  xmpp: async () => (await import('./xmpp.ts')).xmppKind,
  tcp: async () => (await import('./tcp.ts')).tcpKind(false),
  tls: async () => (await import('./tcp.ts')).tcpKind(true)
}

/** Which kinds reach their server through a process between. */
export const isRelayed = (kind: string): boolean => kind === 'nexus-relay'

export const callKindOf = (name: string): Promise<Kind> => choose('kind of call', KINDS, name)
