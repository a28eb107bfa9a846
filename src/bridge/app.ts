import type { Server } from 'node:http'
import { NexusError } from '../errors.ts'
import { checkResource } from '../identity/jid.ts'
import { createNexus } from '../node/create.ts'
import type { NexusOptions } from '../node/options.ts'
import { checkCommand } from '../protocols/call/api-server.ts'
import type { Body, Nexus } from '../types.ts'
import { readEnvs } from './envs.ts'
import { type RestRouter, startRest } from './rest.ts'
import { type ApiSpecs, apiSpecs } from './specs.ts'
import { BridgeSurface } from './surface.ts'
import { connectUdb } from './udb.ts'

export interface ConnectOptions extends Partial<NexusOptions> {
  /** Taken for old programs' sake; nobody reads it. */
  image?: string
  /** The certificate must be of this resource. Default `RESOURCE`. */
  resource?: string
}

/** A command's handler: what it gives is the answer. */
export type CommandHandler = (specs: ApiSpecs) => unknown

/** A worker, as its author writes it. */
class WorkerApp {
  readonly #commands = new Map<string, CommandHandler>()
  #nexus: Nexus | undefined
  #server: Server | undefined
  #rest: RestRouter | undefined

  /** The router of the REST server. Throws `INVALID` before `Init` has started one. */
  get rest(): RestRouter {
    if (this.#rest === undefined) {
      throw new NexusError('INVALID', 'there is no REST server: App.Init(port) starts one')
    }

    return this.#rest
  }

  /** Reads the folder `envs`, and starts a REST server on a port (`true`: 3000), or none (`false`). */
  async Init(port: number | boolean): Promise<void> {
    readEnvs()

    if (port !== false) {
      const { router, server } = await startRest(port)
      this.#rest = router
      this.#server = server
    }
  }

  /** Connects the database of `UMONGOURL` as the global `udb`. */
  async initUDB(): Promise<void> {
    Object.assign(globalThis, { udb: await connectUdb() })
  }

  /** Serves a command. Throws `INVALID` for a bad name, or one that has a handler already. */
  on(cmd: string, handler: CommandHandler): void {
    checkCommand(cmd)

    if (this.#commands.has(cmd)) {
      throw new NexusError('INVALID', `the command '${cmd}' has a handler already`)
    }

    this.#commands.set(cmd, handler)
    this.#serve(cmd, handler)
  }

  /**
   * Joins the mesh and sets the global `nexus`. `NEXUS_CREDENTIAL`, `NEXUS_BOOTSTRAP` and `RESOURCE` say as whom and
   * where, unless the options do. Rejects like `createNexus`.
   */
  async Connect({ image: _image, resource, ...options }: ConnectOptions = {}): Promise<BridgeSurface> {
    const { NEXUS_CREDENTIAL, NEXUS_BOOTSTRAP, RESOURCE } = process.env
    const credential = options.credential ?? NEXUS_CREDENTIAL
    const wanted = resource ?? (RESOURCE === '' ? undefined : RESOURCE)

    if (wanted !== undefined) {
      checkResource(wanted)
    }

    if (credential === undefined || credential === '') {
      throw new NexusError('INVALID', 'no credential: set NEXUS_CREDENTIAL to the path of its file')
    }

    const bootstrap = options.bootstrap ?? (NEXUS_BOOTSTRAP ?? '').split(/[\s,]+/).filter((address) => address !== '')
    const nexus = await createNexus({ ...options, credential, bootstrap })

    if (wanted !== undefined && nexus.identity.resource !== wanted) {
      await nexus.stop()
      const { resource: actual } = nexus.identity
      throw new NexusError('INVALID', `the certificate is of the resource '${actual}', not of '${wanted}'`)
    }

    return this.#start(nexus)
  }

  /** Leaves the mesh and ends the REST server. SIGINT and SIGTERM do so too. */
  async stop(): Promise<void> {
    this.#server?.close()
    this.#server?.closeAllConnections()
    await this.#nexus?.stop()
  }

  #start(nexus: Nexus): BridgeSurface {
    const surface = new BridgeSurface(nexus, (error) => console.error(error))
    this.#nexus = nexus
    Object.assign(globalThis, { nexus: surface })

    for (const [cmd, handler] of this.#commands) {
      this.#serve(cmd, handler)
    }

    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => void this.stop().finally(() => process.exit(0)))
    }

    return surface
  }

  #serve(cmd: string, handler: CommandHandler): void {
    this.#nexus?.handle(cmd, async (context) => {
      const answer = await handler(apiSpecs(context))

      if (answer === undefined || answer === null) {
        throw new NexusError('HANDLER_FAILED', `the handler of '${cmd}' gave nothing: it gives an object`)
      }

      return answer as Body
    })
  }
}

/** The worker of this process. */
export const App = new WorkerApp()
