import { MAX_TIMER_MS } from '../../constants.ts'
import { cancelled, NexusError } from '../../errors.ts'
import { checkApp, checkResource, parseJid } from '../../identity/jid.ts'
import { checkPeerId } from '../../identity/keys.ts'
import type { Identity, Target } from '../../types.ts'

const OWNERSHIPS = [undefined, 'mine', 'owner']

/** Throws `INVALID`, naming the field at fault, unless this is a target. */
export function checkTarget(target: Target): void {
  if (typeof target !== 'object' || target === null) {
    throw new NexusError('INVALID', 'a target is an object like { app: "etest" }')
  }

  checkApp(target.app)

  if (!OWNERSHIPS.includes(target.ownership)) {
    throw new NexusError('INVALID', `ownership is 'mine' or 'owner', not ${JSON.stringify(target.ownership)}`)
  }

  if (target.resource !== undefined) {
    checkResource(target.resource)
  }

  if (target.peer !== undefined) {
    checkPeerId(target.peer)
  }

  if (target.jid !== undefined && parseJid(target.jid).app !== target.app) {
    throw new NexusError('INVALID', `the JID ${target.jid} is not of the app '${target.app}'`)
  }
}

/** Throws `INVALID` unless these can be a call's options, and `CANCELLED` when the signal has aborted already. */
export function checkCallOptions(options: { timeoutMs?: number; signal?: AbortSignal }): void {
  const { timeoutMs, signal } = options

  if (timeoutMs !== undefined && !(Number.isFinite(timeoutMs) && timeoutMs > 0 && timeoutMs <= MAX_TIMER_MS)) {
    throw new NexusError(
      'INVALID',
      `timeoutMs is a positive number of milliseconds up to ${MAX_TIMER_MS}, not ${String(timeoutMs)}`
    )
  }

  if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
    throw new NexusError('INVALID', 'signal is an AbortSignal')
  }

  if (signal?.aborted === true) {
    throw cancelled(signal)
  }
}

/** Whether a worker is one that the target means. */
export function matches(target: Target, worker: Identity, self: Identity): boolean {
  return (
    worker.app === target.app &&
    (target.resource === undefined || worker.resource === target.resource) &&
    (target.jid === undefined || worker.jid === target.jid) &&
    (target.peer === undefined || worker.peerId === target.peer) &&
    (target.ownership !== 'mine' || worker.uid === self.uid) &&
    (target.ownership !== 'owner' || worker.role === 'owner')
  )
}
