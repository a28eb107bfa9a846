import type { Identity, Role } from '../types.ts'
import type { BridgeSurface } from './surface.ts'

declare global {
  /** The app of this worker. Set by `App.Connect`, as are the others, from the worker's certificate. */
  var app: string
  /** The user who runs it. */
  var uid: string
  var resource: string
  /** Its JID. */
  var myjid: string
  /** The role of its user in the app. */
  var xmrole: Role
  /** The database of `UMONGOURL`, or `undefined`. Set by `App.initUDB`. */
  var udb: any
  /** The database of `XMONGOURL`, or `undefined`. Set by `App.initUDB`. */
  var xdb: any
  /** Resolves after so many ms. */
  var sleep: (ms: number) => Promise<void>
}

// Programs use it before anything else.
globalThis.sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** What programs find in their global scope once they are connected. */
export function setGlobals(nexus: BridgeSurface, { app, uid, resource, jid, role }: Identity): void {
  Object.assign(globalThis, { nexus, app, uid, resource, myjid: jid, xmrole: role })
}
