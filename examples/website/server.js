/**
 * The site's own backend: knows who is logged in, serves the page, and gives the page of a user a certificate for the
 * key that it proves to hold.
 */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { json } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { Authority, certificateRoute, nodeHandler } from 'nexus-mesh/server'

const { values } = parseArgs({
  options: {
    authority: { type: 'string', default: '.nexus/dev/authority.json' },
    bootstrap: { type: 'string', multiple: true },
    service: { type: 'string', default: 'http://127.0.0.1:9800' },
    port: { type: 'string', default: '8080' },
    origin: { type: 'string', multiple: true },
    help: { type: 'boolean', short: 'h' }
  }
})

if (values.help) {
  console.log(`node server.js [--authority <file>] [--bootstrap <multiaddr>] [--port 8080] [--origin <url>]

  --authority  what 'nexus dev' or 'nexus authority init' wrote (default: .nexus/dev/authority.json)
  --bootstrap  where pages reach a relay; may be given several times
  --service    who is asked for the relays without --bootstrap (default: the service of 'nexus dev')
  --origin     the site as browsers show it (default: http://localhost:<port>); may be given several times`)
  process.exit()
}

const origins = values.origin ?? [`http://localhost:${values.port}`]
const isSecure = origins.every((origin) => origin.startsWith('https:'))
const DIST = join(import.meta.dirname, 'dist')
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' }
const HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  // Workers are dialled directly where they listen for WebSockets, at addresses that nobody knows beforehand. With
  // `connect-src 'self' wss://relay.example.org` instead, pages keep to the relay and to WebRTC.
  'content-security-policy': [
    "default-src 'self'",
    `connect-src 'self' ${isSecure ? 'wss:' : 'ws: wss:'}`,
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'"
  ].join('; ')
}

/** Who is logged in, by the value of the cookie. A real site keeps them where they survive a restart. */
const sessions = new Map()
const certify = nodeHandler(
  certificateRoute({
    authority: Authority.fromJSON(JSON.parse(readFileSync(values.authority, 'utf8'))),
    origin: origins,
    bootstrap: values.bootstrap ?? (await relaysOf(values.service)),
    authenticate: ({ headers }) => termsOf(sessions.get(sessionIn(headers.get('cookie'))))
  })
)

const server = createServer((request, response) => {
  serve(request, response).catch((error) => {
    console.error(error)
    response.writeHead(500).end()
  })
})

async function serve(request, response) {
  const { pathname } = new URL(request.url, origins[0])

  if (pathname === '/nexus/certificate') {
    await certify(request, response)
  } else if (pathname === '/session') {
    await session(request, response)
  } else {
    await sendFile(pathname === '/' ? '/index.html' : pathname, response)
  }
}

/** `GET` says who is logged in, `POST` logs in, `DELETE` logs out. */
async function session(request, response) {
  const id = sessionIn(request.headers.cookie)

  if (request.method === 'POST') {
    // A real site asks for a password here.
    const { name, block } = await json(request)

    if (typeof name !== 'string' || !/^[A-Za-z0-9]{1,64}$/.test(name)) {
      response.writeHead(400, HEADERS).end('a name is 1 to 64 letters and digits')
      return
    }

    const made = randomUUID()
    sessions.set(made, { uid: name, block: block === 'adminpanel' ? block : 'xwebsite' })
    answer(response, sessions.get(made), cookie(made, 30 * 24 * 60 * 60))
  } else if (request.method === 'DELETE') {
    sessions.delete(id)
    answer(response, null, cookie('', 0))
  } else {
    answer(response, sessions.get(id) ?? null)
  }
}

function answer(response, user, headers = {}) {
  response
    .writeHead(200, { ...HEADERS, 'content-type': 'application/json', 'cache-control': 'no-store', ...headers })
    .end(JSON.stringify({ user }))
}

function cookie(value, maxAge) {
  const secure = isSecure ? '; Secure' : ''
  return { 'set-cookie': `session=${value}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${maxAge}${secure}` }
}

function sessionIn(cookies) {
  return /(?:^|; )session=([\w-]+)/.exec(cookies ?? '')?.[1]
}

/** What the certificate of a user says. An owner's admin panel needs no grant for the owner's app. */
function termsOf(user) {
  if (user === undefined) {
    return null
  }

  return user.block === 'adminpanel'
    ? { ...user, app: 'etest', role: 'owner' }
    : { ...user, app: 'shop', role: 'user', services: ['etest'] }
}

/** The addresses that pages can dial of those that the authority service names. */
async function relaysOf(service) {
  try {
    const { bootstrap } = await (await fetch(new URL('/.well-known/nexus', service))).json()
    return bootstrap.filter((address) => /\/wss?(\/|$)/.test(address))
  } catch {
    console.error(`${service} does not answer: run 'npm run mesh' first, or name relays with --bootstrap`)
    process.exit(2)
  }
}

async function sendFile(path, response) {
  try {
    const content = await readFile(join(DIST, normalize(path)))
    const type = TYPES[extname(path)] ?? 'application/octet-stream'
    response.writeHead(200, { ...HEADERS, 'content-type': type }).end(content)
  } catch {
    response.writeHead(404, HEADERS).end('not found')
  }
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close()
    server.closeAllConnections()
  })
}

server.listen(Number(values.port), () => console.log(`${origins[0]} - Ctrl-C ends it`))
