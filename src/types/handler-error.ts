import type { Identity } from './identity.ts'

/** Which handler it was, and whose call or message it was given. `gap` is the `onGap` of a subscription. */
export type HandlerErrorContext =
  | { kind: 'api'; cmd: string; from: Identity }
  | { kind: 'direct'; from: Identity }
  | { kind: 'channel' | 'gap'; channel: string; from: Identity }
  | { kind: 'status' }

/**
 * Told what a handler throws, or what its promise is rejected with. What this throws itself is printed, and what threw
 * before it too.
 */
export type HandlerErrorListener = (error: unknown, context: HandlerErrorContext) => unknown
