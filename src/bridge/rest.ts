import type { Server } from 'node:http'
import { NexusError } from '../errors.ts'
import { importOptional } from '../lib/import-optional.ts'

/** The port that `App.Init(true)` means. */
const DEFAULT_PORT = 3_000
const METHODS = ['get', 'post', 'put', 'patch', 'delete', 'all', 'use'] as const

export type RestHandler = (request: any, response: any, next?: any) => unknown

/** A router as `@tinyhttp/app` has it, JSON bodies in `request.body`. */
export type RestRouter = Record<
  (typeof METHODS)[number],
  (path: string | RestHandler, ...handlers: RestHandler[]) => unknown
>

/** Routes that may be given before there is a server: it gets them when it starts. */
export class RestRoutes {
  readonly router: RestRouter
  readonly #given: Array<(router: RestRouter) => void> = []
  #server: RestRouter | undefined

  constructor() {
    const entries = METHODS.map((method) => [
      method,
      (path: string | RestHandler, ...handlers: RestHandler[]) =>
        this.#add((router) => void router[method](path, ...handlers))
    ])
    this.router = Object.fromEntries(entries)
  }

  serve(server: RestRouter): void {
    this.#server = server
    this.#given.splice(0).forEach((add) => {
      add(server)
    })
  }

  #add(add: (router: RestRouter) => void): void {
    if (this.#server === undefined) {
      this.#given.push(add)
    } else {
      add(this.#server)
    }
  }
}

/**
 * Starts the REST server, with open CORS and `GET /start`, by which the platform looks whether it is there, unless the
 * worker has such a route. Rejects with `INVALID` when its packages are missing, or the port is taken.
 */
export async function startRest(port: number | true, routes: RestRoutes): Promise<Server> {
  const { App, cors, json } = await load()
  const router = new App()
  router.use(cors())
  router.use(json())
  routes.serve(router as unknown as RestRouter)
  router.get('/start', (_request, response) => void response.json({ code: 0 }))
  return new Promise<Server>((resolve, reject) => {
    const starting = router.listen(port === true ? DEFAULT_PORT : port, () => resolve(starting))
    starting.once('error', (error: Error) => {
      reject(new NexusError('INVALID', `the REST server does not start: ${error.message}`, { cause: error }))
    })
  })
}

// Optional dependencies: most workers have no REST server.
async function load() {
  try {
    const [{ App }, { cors }, { json }] = await Promise.all([
      importOptional('@tinyhttp/app') as Promise<typeof import('@tinyhttp/app')>,
      importOptional('@tinyhttp/cors') as Promise<typeof import('@tinyhttp/cors')>,
      importOptional('milliparsec') as Promise<typeof import('milliparsec')>
    ])
    return { App, cors, json }
  } catch (error) {
    throw new NexusError(
      'INVALID',
      'the REST server needs three packages: npm install @tinyhttp/app @tinyhttp/cors milliparsec',
      { cause: error }
    )
  }
}
