/**
 * The site's own backend: knows who is logged in, and hands the page of that user a certificate for the key that the page
 * proves to hold.
 *
 *     node server.ts --authority .nexus/authority.json --bootstrap /ip4/127.0.0.1/tcp/9701/ws/p2p/12D3KooW...
 */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { parseArgs } from 'node:util'
import { Authority, answerRequest, NexusError } from 'nexus-mesh'

const { values } = parseArgs({
  options: {
    authority: { type: 'string', default: '.nexus/authority.json' },
    bootstrap: { type: 'string', multiple: true, default: [] },
    port: { type: 'string', default: '8080' },
    origin: { type: 'string' },
    help: { type: 'boolean', short: 'h' }
  }
})

if (values.help === true || values.bootstrap.length === 0) {
  console.log(`node server.ts --authority <file> --bootstrap <multiaddr of a relay's WebSocket> [--port 8080] [--origin <url>]

  --authority  what 'nexus authority init' wrote
  --bootstrap  where pages reach a relay; may be given several times
  --origin     the site as browsers see it, when that is not http://localhost:<port>`)
  process.exit(values.help === true ? 0 : 2)
}

interface User {
  uid: string
  block: 'xwebsite' | 'adminpanel'
}

/** A body over this many bytes is none of ours. */
const MAX_BODY_BYTES = 64 * 1024
const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' }

const authority = Authority.fromJSON(JSON.parse(readFileSync(values.authority, 'utf8')))
const sessions = new Map<string, User>()
const server = createServer((request, response) => {
  serve(request, response).catch((error: unknown) => refuse(response, 500, error))
})

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', origin())

  if (request.method === 'POST' && pathname === '/login') {
    await logIn(request, response)
  } else if (request.method === 'POST' && pathname === '/nexus/certificate') {
    await certify(request, response)
  } else {
    await sendFile(pathname === '/' ? '/index.html' : pathname, response)
  }
}

// A real site asks for a password here.
async function logIn(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { name, block } = (await readJson(request)) as { name?: unknown; block?: unknown }

  if (typeof name !== 'string' || !/^[A-Za-z0-9]{1,64}$/.test(name)) {
    response.writeHead(400).end('a name is 1 to 64 letters and digits')
    return
  }

  const session = randomUUID()
  sessions.set(session, { uid: name, block: block === 'adminpanel' ? 'adminpanel' : 'xwebsite' })
  response.writeHead(204, { 'set-cookie': `session=${session}; HttpOnly; SameSite=Strict; Path=/` }).end()
}

async function certify(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const user = sessions.get(/(?:^|; )session=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1] ?? '')

  if (user === undefined) {
    refuse(response, 401, new NexusError('REFUSED', 'nobody is logged in', { reason: 'NO_CERTIFICATE' }))
    return
  }

  try {
    const { request: proof } = (await readJson(request)) as { request: string }
    const isPanel = user.block === 'adminpanel'
    const answer = await answerRequest(authority, proof, {
      ...user,
      app: isPanel ? 'etest' : 'shop',
      role: isPanel ? 'owner' : 'user',
      audience: origin(),
      bootstrap: values.bootstrap,
      grants: isPanel ? [] : [{ grant: await authority.issueGrant({ uid: user.uid, app: 'etest' }) }]
    })
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  } catch (error) {
    refuse(response, error instanceof NexusError ? 400 : 500, error)
  }
}

async function sendFile(path: string, response: ServerResponse): Promise<void> {
  try {
    const content = await readFile(join(import.meta.dirname, 'dist', normalize(path)))
    response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream' }).end(content)
  } catch {
    response.writeHead(404).end('not found')
  }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = ''

  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk

    if (text.length > MAX_BODY_BYTES) {
      throw new NexusError('TOO_LARGE', 'the body is too large')
    }
  }

  return JSON.parse(text)
}

function refuse(response: ServerResponse, status: number, error: unknown): void {
  const { code, reason, message } =
    error instanceof NexusError ? error : new NexusError('INVALID', 'the request failed')
  response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(JSON.stringify({ error: { code, reason, message } }))
}

function origin(): string {
  return values.origin ?? `http://localhost:${values.port}`
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.close()
    server.closeAllConnections()
  })
}

server.listen(Number(values.port), () => console.log(`${origin()} - Ctrl-C ends it`))
