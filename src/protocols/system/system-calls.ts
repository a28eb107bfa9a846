import type { Identity, Json } from '../../types.ts'

/** Commands of the mesh itself; an application's command cannot start with `$`. */
export type SystemCommand =
  | '$topic'
  | '$leases'
  | '$providers'
  | '$certificate'
  | '$revocations'
  | '$revoked'
  | '$ping'
  | '$renew'
  | '$gone'
  | '$relay'
  | '$holder'
  | '$history'

/** JSON, or bytes as they are. */
export type SystemAnswer = Json | Uint8Array

/** Answers one system command. A `NexusError` that it throws reaches the caller with its code. */
export type SystemHandler = (body: Json, from: Identity, signal: AbortSignal) => SystemAnswer | Promise<SystemAnswer>

export interface SystemCallOptions {
  /** In ms. */
  timeoutMs: number
  signal?: AbortSignal
}

/**
 * Calls between the Nexus layers of two verified peers, relays included. They ride on the session and need no grant.
 */
export interface SystemCalls {
  serve: (command: SystemCommand, handler: SystemHandler) => void
  /** Asks a peer that this block is connected to or can dial. Rejects like `api`. */
  call: (peerId: string, command: SystemCommand, body: Json, options: SystemCallOptions) => Promise<Json>
}
