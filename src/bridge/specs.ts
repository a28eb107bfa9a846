import type { ApiContext, ChannelMessage, DirectMessage, Identity } from '../types.ts'

/** A call, as handlers of the platform's workers are given it. */
export interface ApiSpecs<B = any> {
  cmd: string
  body: B
  uid: string
  role: string
  app: string
  resource: string
  /** The id of the grant that let the caller in; `null` when it needed none. */
  servid: string | null
  /** It never travels. */
  servsecret: null
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal
}

/** A direct (`channel` is `null`) or a message of a channel. The sender is what its certificate says. */
export interface MessageSpecs<B = any> {
  fromjid: string
  app: string
  uid: string
  resource: string
  role: string
  body: B
  /** This very block sent it. */
  itsme: boolean
  /** Another block of the same app and user sent it. */
  itsbro: boolean
  channel: string | null
}

export type MessageCallback = (specs: MessageSpecs) => unknown

export function apiSpecs(context: ApiContext): ApiSpecs {
  const { cmd, body, from, grantId } = context
  const { uid, role, app, resource } = from
  return {
    cmd,
    body,
    uid,
    role,
    app,
    resource,
    servid: grantId ?? null,
    servsecret: null,
    get signal() {
      return context.signal
    }
  }
}

export function messageSpecs({ body, from, ...message }: DirectMessage | ChannelMessage, self: Identity): MessageSpecs {
  const { jid, app, uid, resource, role } = from
  const channel = 'channel' in message ? message : undefined
  return {
    fromjid: jid,
    app,
    uid,
    resource,
    role,
    body,
    itsme: from.peerId === self.peerId,
    itsbro: channel?.itsBro ?? false,
    channel: channel?.channel ?? null
  }
}
