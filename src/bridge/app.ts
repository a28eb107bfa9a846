import type { Server } from 'node:http'
import { NexusError } from '../errors.ts'
import { createNexus } from '../node/create.ts'
import type { Nexus } from '../types.ts'
import { type CommandHandler, Commands } from './commands.ts'
import { type ConnectOptions, type StartOptions, startOptions, type WorkerConfig } from './config.ts'
import { connectDatabases } from './databases.ts'
import { readEnvs } from './envs.ts'
import { setGlobals } from './globals.ts'
import { type RestRouter, RestRoutes, startRest } from './rest.ts'
import { BridgeSurface } from './surface.ts'

const onError = (error: unknown): void => console.error(error)

/** A worker, as its author writes it. */
export class WorkerApp {
  /** The routes of the REST server, which `Init` starts; they may be given before. */
  readonly rest: RestRouter
  readonly #routes = new RestRoutes()
  readonly #commands = new Commands(onError)
  #surface: BridgeSurface | undefined
  #nexus: Nexus | undefined
  #server: Server | undefined

  constructor() {
    this.rest = this.#routes.router
  }

  /** The global `nexus`. Throws `INVALID` before `Connect`. */
  get nexus(): BridgeSurface {
    if (this.#surface === undefined) {
      throw new NexusError('INVALID', 'not connected: App.Connect() joins')
    }

    return this.#surface
  }

  /** Reads the folder `envs`, and starts a REST server on a port (`true`: 3000), or none (`false`). */
  async Init(port: number | boolean): Promise<void> {
    readEnvs()

    if (port !== false) {
      this.#server = await startRest(port, this.#routes)
    }
  }

  /** Connects the databases of `UMONGOURL` and `XMONGOURL` as the globals `udb` and `xdb`. */
  async initUDB(): Promise<void> {
    Object.assign(globalThis, await connectDatabases())
  }

  /**
   * Serves a command. One command may have several handlers: each is called, and the first answer counts. Throws
   * `INVALID` for a bad name.
   */
  on(cmd: string, handler: CommandHandler): void {
    this.#commands.add(cmd, handler)
  }

  /**
   * Joins the mesh, sets the global `nexus` (and `App.nexus`), `app`, `uid`, `resource`, `myjid` and `xmrole`, and
   * resolves with how the worker runs. What it is to be say, in this order: program arguments (`resource=a
   * public=false`; `app`, `image`, `credential` and `bootstrap` too), these options, and the environment
   * (`NEXUS_CREDENTIAL`, `NEXUS_BOOTSTRAP`, `RESOURCE`, also in the folder `envs`). Rejects like `createNexus`, and with
   * `INVALID` when the certificate is of another app or resource.
   */
  async Connect(options: ConnectOptions = {}): Promise<WorkerConfig> {
    readEnvs()
    const start = startOptions(options)
    const nexus = await createNexus({ pong: { code: 0, pong: true }, ...start.nexus })

    try {
      checkIdentity(nexus, start)
    } catch (error) {
      await nexus.stop()
      throw error
    }

    this.#run(nexus)
    const { app, resource } = nexus.identity
    return { app, image: start.image, public: start.public, resource }
  }

  /** Leaves the mesh and ends the REST server. SIGINT and SIGTERM do so too. */
  async stop(): Promise<void> {
    this.#server?.close()
    this.#server?.closeAllConnections()
    await this.#nexus?.stop()
  }

  #run(nexus: Nexus): void {
    this.#nexus = nexus
    this.#surface = new BridgeSurface(nexus, onError)
    setGlobals(this.#surface, nexus.identity)
    this.#commands.serve(nexus)

    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => void this.stop().finally(() => process.exit(0)))
    }
  }
}

function checkIdentity({ identity }: Nexus, wanted: StartOptions): void {
  for (const name of ['app', 'resource'] as const) {
    if (wanted[name] !== undefined && wanted[name] !== identity[name]) {
      throw new NexusError('INVALID', `the certificate is of the ${name} '${identity[name]}', not of '${wanted[name]}'`)
    }
  }
}

/** The worker of this process. */
export const App = new WorkerApp()
