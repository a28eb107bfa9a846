import type { Kind } from './load.ts'
import { moleculerKind } from './moleculer.ts'
import { natsKind } from './nats.ts'
import { nexusKind } from './nexus.ts'
import { protomuxKind } from './protomux.ts'
import { rawKind } from './raw.ts'
import { sessionKind } from './session.ts'
import { socketIoKind } from './socketio.ts'

/** By the name that the bench is asked for. */
export const KINDS: Record<string, Kind> = {
  raw: rawKind(false),
  'raw-joined': rawKind(true),
  nexus: nexusKind,
  'session-tls': sessionKind('tls'),
  'session-noise': sessionKind('noise'),
  protomux: protomuxKind,
  moleculer: moleculerKind,
  nats: natsKind,
  socketio: socketIoKind
}

export function kindOf(name: string | undefined): Kind {
  const kind = KINDS[name ?? '']

  if (kind === undefined) {
    throw new Error(`no such kind of call: ${name}; there are ${Object.keys(KINDS).join(', ')}`)
  }

  return kind
}
