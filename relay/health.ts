import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface HealthServerInit {
  host: string
  port: number
  status: () => { status: string }
}

/** Serves `GET /healthz`: the status as JSON, with 200 when that is `ok` and else 503. Anything else is 404. */
export class HealthServer {
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  /** Rejects when the port is taken, or the host is none of this machine. */
  static async start({ host, port, status }: HealthServerInit): Promise<HealthServer> {
    const server = createServer((request, response) => {
      const found = request.url === '/healthz' && (request.method === 'GET' || request.method === 'HEAD')
      const answer = found ? status() : { status: 'not found', error: 'not found' }
      const code = !found ? 404 : answer.status === 'ok' ? 200 : 503
      response.writeHead(code, { 'content-type': 'application/json', 'cache-control': 'no-store' })
      response.end(`${JSON.stringify(answer)}\n`)
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, resolve)
    })
    return new HealthServer(server)
  }

  get address(): { host: string; port: number } {
    const { address, port } = this.#server.address() as AddressInfo
    return { host: address, port }
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
