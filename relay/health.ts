import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Serves `GET /healthz`: 200 and the status as JSON. Anything else is 404. */
export class HealthServer {
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  /** Rejects when the port is taken. */
  static async start(port: number, status: () => unknown): Promise<HealthServer> {
    const server = createServer((request, response) => {
      const found = request.url === '/healthz' && (request.method === 'GET' || request.method === 'HEAD')
      response.writeHead(found ? 200 : 404, { 'content-type': 'application/json', 'cache-control': 'no-store' })
      response.end(found ? `${JSON.stringify(status())}\n` : '{"error":"not found"}\n')
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, resolve)
    })
    return new HealthServer(server)
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
