import type { BridgeSurface } from './surface.ts'

export { App, type CommandHandler, type ConnectOptions } from './app.ts'
export type { RestRouter } from './rest.ts'
export type { ApiSpecs, MessageCallback, MessageSpecs } from './specs.ts'
export { type BridgeCall, type BridgeDirect, BridgeSurface, type BridgeTarget } from './surface.ts'
export type { Failure } from './values.ts'

declare global {
  /** Set by `App.Connect`. */
  var nexus: BridgeSurface
  /** Set by `App.initUDB`: the database, or `undefined`. */
  var udb: any
}
