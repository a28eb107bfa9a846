import type { Server } from 'node:http'
import { NexusError } from '../errors.ts'

/** The port that `App.Init(true)` means. */
const DEFAULT_PORT = 3_000

/** A router as `@tinyhttp/app` has it, JSON bodies in `request.body`. */
export interface RestRouter {
  get: (path: string, handler: (request: any, response: any) => unknown) => unknown
  post: (path: string, handler: (request: any, response: any) => unknown) => unknown
}

/** Starts the REST server. Rejects with `INVALID` when its packages are missing, or the port is taken. */
export async function startRest(port: number | true): Promise<{ router: RestRouter; server: Server }> {
  const { App, cors, json } = await load()
  const router = new App()
  router.use(cors())
  router.use(json())
  const server = await new Promise<Server>((resolve, reject) => {
    const starting = router.listen(port === true ? DEFAULT_PORT : port, () => resolve(starting))
    starting.once('error', (error: Error) => {
      reject(new NexusError('INVALID', `the REST server does not start: ${error.message}`, { cause: error }))
    })
  })
  return { router: router as RestRouter, server }
}

// Optional dependencies: most workers have no REST server.
async function load() {
  try {
    const [{ App }, { cors }, { json }] = await Promise.all([
      import('@tinyhttp/app'),
      import('@tinyhttp/cors'),
      import('milliparsec')
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
