// For the types of the globals, which nothing else brings to who imports this.
import './globals.ts'

export { App, type WorkerApp } from './app.ts'
export type { CommandHandler } from './commands.ts'
export type { ConnectOptions, WorkerConfig } from './config.ts'
export { type Installed, install } from './install.ts'
export type { RestHandler, RestRouter } from './rest.ts'
export type { ApiSpecs, MessageCallback, MessageSpecs } from './specs.ts'
export { type BridgeCall, type BridgeDirect, BridgeSurface, type BridgeTarget } from './surface.ts'
export type { Failure } from './values.ts'
