import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { NexusError, toNexusError } from '../../../errors.ts'
import { answerRequest, type CertificateAnswer } from '../../../identity/enrolment.ts'
import { IS_BUILT, PACKAGE_ROOT } from '../../package-files.ts'
import type { DemoNetwork } from '../members.ts'
import { SERVICE } from '../members.ts'
import { bundleDemoPage } from './bundle.ts'

/** Where the built package has the page. */
const BUILT = join(PACKAGE_ROOT, 'dist/browser/demo')
const TYPES: Record<string, string> = { '.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript' }
const MAX_BODY_BYTES = 64 * 1024
/** Nothing from elsewhere; the mesh itself is reached by WebSocket. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:; connect-src 'self' ws: wss:"

/** Who the page can be. `dora` does not have the service. */
const USERS = {
  you: { app: 'shop', uid: 'you', role: 'user', block: 'xwebsite', hasService: true },
  dora: { app: 'shop', uid: 'dora', role: 'user', block: 'xwebsite', hasService: false },
  anna: { app: SERVICE, uid: 'anna', role: 'owner', block: 'adminpanel', hasService: false }
} as const

/** The demo's website: the page, and the certificates for its users. */
export class PageServer {
  readonly #network: DemoNetwork
  readonly #bootstrap: string[]
  readonly #directory: string
  readonly #server: Server

  private constructor(network: DemoNetwork, bootstrap: string[], directory: string) {
    this.#network = network
    this.#bootstrap = bootstrap
    this.#directory = directory
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => refuse(response, 500, error))
    })
  }

  /** Serves on a free port of 127.0.0.1. In a clone the page is built first, into `directory`. */
  static async open(network: DemoNetwork, bootstrap: string[], directory: string): Promise<PageServer> {
    const isBuilt = IS_BUILT && existsSync(BUILT)

    if (!isBuilt) {
      await bundleDemoPage(directory)
    }

    const site = new PageServer(network, bootstrap, isBuilt ? BUILT : directory)
    await new Promise<void>((resolve, reject) => {
      site.#server.once('error', reject).listen(0, '127.0.0.1', resolve)
    })
    return site
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url)

    if (request.method === 'POST' && pathname === '/nexus/certificate') {
      await this.#certify(searchParams.get('user') ?? '', request, response)
    } else if (request.method === 'GET') {
      await this.#sendFile(pathname === '/' ? 'index.html' : pathname.slice(1), response)
    } else {
      response.writeHead(405).end()
    }
  }

  async #sendFile(name: string, response: ServerResponse): Promise<void> {
    if (!/^[\w-]+\.(html|css|js)$/.test(name) || !existsSync(join(this.#directory, name))) {
      response.writeHead(404).end('not found')
      return
    }

    const headers = { 'content-type': `${TYPES[extname(name)]}; charset=utf-8`, 'content-security-policy': POLICY }
    response.writeHead(200, headers).end(await readFile(join(this.#directory, name)))
  }

  // A real site asks who is logged in; here the page says who it wants to be.
  async #certify(name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!Object.hasOwn(USERS, name)) {
      refuse(response, 401, new NexusError('REFUSED', `there is no user '${name}'`, { reason: 'NO_CERTIFICATE' }))
      return
    }

    try {
      const answer = await this.#answer(USERS[name as keyof typeof USERS], await readRequest(request))
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
    } catch (error) {
      refuse(response, 400, error)
    }
  }

  async #answer(
    { hasService, ...user }: (typeof USERS)[keyof typeof USERS],
    request: string
  ): Promise<CertificateAnswer> {
    const { authority } = this.#network
    const grants = hasService ? [{ grant: await authority.issueGrant({ uid: user.uid, app: SERVICE }) }] : []
    return answerRequest(authority, request, { ...user, audience: this.url, bootstrap: this.#bootstrap, grants })
  }
}

async function readRequest(request: IncomingMessage): Promise<string> {
  let text = ''

  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk

    if (text.length > MAX_BODY_BYTES) {
      throw new NexusError('TOO_LARGE', 'the body is too large')
    }
  }

  return (JSON.parse(text) as { request: string }).request
}

function refuse(response: ServerResponse, status: number, cause: unknown): void {
  const { code, reason, message } = toNexusError(cause, 'INVALID', 'the request makes no sense')
  const body = JSON.stringify({ error: { code, reason, message } })
  response.writeHead(status, { 'content-type': 'application/json' }).end(body)
}
