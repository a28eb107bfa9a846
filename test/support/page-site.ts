import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { bundleOne } from '../../scripts/bundle-browser.ts'
import type { NexusError } from '../../src/errors.ts'
import { Authority } from '../../src/identity/authority.ts'
import { answerRequest, type CertificateAnswer, type EnrolmentTerms } from '../../src/identity/enrolment.ts'
import type { JoinOptions } from '../../src/page/join.ts'
import type { Identity, Nexus } from '../../src/types.ts'
import { startedChromium } from './chromium.ts'
import type { TestMesh } from './mesh.ts'

/** A user of the site, as its login knows it. */
export type SiteUser = Omit<EnrolmentTerms, 'audience' | 'bootstrap' | 'grants'> & {
  /** Apps whose service the user has. */
  grants?: string[]
}

export interface PageOptions {
  context?: BrowserContextOptions
  /** Passed on to `joinMesh`. */
  join?: Omit<JoinOptions, 'url' | 'signal' | 'logger'>
  /** Runs in the page before anything of its own. */
  init?: () => void
}

const HTML = `<!doctype html><meta charset="utf-8"><title>test</title><link rel="icon" href="data:,"><body></body>`

let bundle: Promise<string> | undefined

/** A website of a mesh: serves a page with the bundle, and gives certificates to its users. */
export class PageSite {
  readonly #mesh: Pick<TestMesh, 'network'>
  readonly #server: Server
  readonly #users = new Map<string, SiteUser>()
  readonly #contexts: BrowserContext[] = []
  /** The relays that pages are told of. */
  bootstrap: string[]
  /** In place of the answer to a request for a certificate, when it is set. */
  refuse:
    | ((user: string) => { status: number; error: { code: string; reason?: string; message: string } } | undefined)
    | undefined
  /** Changes an answer before it is given. */
  tamper: ((answer: CertificateAnswer) => CertificateAnswer) | undefined
  /** What the page is sent with. Default: none. */
  contentSecurityPolicy: string | undefined
  /** By which certificates are dated. */
  clock: () => number = Date.now

  private constructor(mesh: Pick<TestMesh, 'network'>, bootstrap: string[]) {
    this.#mesh = mesh
    this.bootstrap = bootstrap
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error) => response.writeHead(500).end(String(error)))
    })
  }

  static async open(mesh: Pick<TestMesh, 'network'>, bootstrap: string[]): Promise<PageSite> {
    const site = new PageSite(mesh, bootstrap)
    await new Promise<void>((resolve) => site.#server.listen(0, '127.0.0.1', resolve))
    return site
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Makes a user known by a name. */
  user(name: string, user: SiteUser): void {
    this.#users.set(name, user)
  }

  /** Opens a page in a browser profile of its own, without joining. */
  async page({ context = {}, init }: PageOptions = {}): Promise<Page> {
    const browser = await startedChromium()
    const profile = await browser.newContext(context)
    this.#contexts.push(profile)
    return this.tab(profile, init)
  }

  /** One more page in a profile. */
  async tab(profile: BrowserContext, init?: () => void): Promise<Page> {
    const page = await profile.newPage()

    if (init !== undefined) {
      await page.addInitScript(init)
    }

    await page.goto(this.url)
    return page
  }

  /** Opens a page and joins as a user. */
  async join(user: string, options: PageOptions = {}): Promise<MeshPage> {
    const page = await this.page(options)
    return MeshPage.join(page, user, options.join)
  }

  async close(): Promise<void> {
    await Promise.all(this.#contexts.splice(0).map((context) => context.close()))
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url)

    if (pathname === '/nexus-mesh.js') {
      response.writeHead(200, { 'content-type': 'text/javascript' }).end(await bundled())
    } else if (pathname === '/nexus/certificate' && request.method === 'POST') {
      await this.#certify(searchParams.get('user') ?? '', request, response)
    } else {
      const policy =
        this.contentSecurityPolicy === undefined ? {} : { 'content-security-policy': this.contentSecurityPolicy }
      response.writeHead(pathname === '/' ? 200 : 404, { 'content-type': 'text/html', ...policy }).end(HTML)
    }
  }

  async #certify(name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const user = this.#users.get(name)
    const refusal = this.refuse?.(name) ?? (user === undefined ? NOBODY : undefined)
    const authority = Authority.fromJSON(this.#mesh.network.authority.toJSON(), { clock: this.clock })

    if (refusal !== undefined || user === undefined) {
      const { status, error } = refusal ?? NOBODY
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error }))
      return
    }

    try {
      const { grants = [], ...terms } = user
      const held = grants.map(async (app) => ({ grant: await authority.issueGrant({ uid: user.uid, app }) }))
      const { request: proof } = (await bodyOf(request)) as { request: string }
      const answer = await answerRequest(authority, proof, {
        ...terms,
        grants: await Promise.all(held),
        audience: this.url,
        bootstrap: this.bootstrap,
        clock: this.clock
      })
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify(this.tamper?.(answer) ?? answer))
    } catch (error) {
      const { code, reason, message } = error as NexusError
      response
        .writeHead(400, { 'content-type': 'application/json' })
        .end(JSON.stringify({ error: { code, reason, message } }))
    }
  }
}

const NOBODY = { status: 401, error: { code: 'REFUSED', reason: 'NO_CERTIFICATE', message: 'nobody is logged in' } }

/** What a page has in its global scope. */
interface PageGlobals {
  mesh: typeof import('../../src/index.browser.ts') & typeof import('../../src/page/index.ts')
  nexus: Nexus
}

/** A page that has joined. */
export class MeshPage {
  readonly page: Page
  readonly identity: Identity

  private constructor(page: Page, identity: Identity) {
    this.page = page
    this.identity = identity
  }

  /** Joins with a page; rejects with what `joinMesh` rejects with, as text: `CODE REASON message`. */
  static async join(page: Page, user: string, options: PageOptions['join'] = {}): Promise<MeshPage> {
    const identity = await page.evaluate(
      async ({ user, options }) => {
        const globals = globalThis as unknown as PageGlobals
        globals.mesh = await import(String('/nexus-mesh.js'))

        try {
          globals.nexus = await globals.mesh.joinMesh({ url: `/nexus/certificate?user=${user}`, ...options })
        } catch (error) {
          const { code, reason, message } = error as NexusError
          throw new Error(`${code} ${reason ?? '-'} ${message}`)
        }

        return globals.nexus.identity
      },
      { user, options }
    )
    return new MeshPage(page, identity)
  }

  /** How long it takes, from `joinMesh` on, to have joined and to have the answer of `hello` of the app `etest`. */
  static timedCall(page: Page, user: string): Promise<{ joinedMs: number; answeredMs: number }> {
    return page.evaluate(async (name) => {
      const { joinMesh } = (await import(String('/nexus-mesh.js'))) as PageGlobals['mesh']
      const begin = performance.now()
      const nexus = await joinMesh({ url: `/nexus/certificate?user=${name}` })
      const joined = performance.now()
      await nexus.api({ app: 'etest', cmd: 'hello' })
      return { joinedMs: Math.round(joined - begin), answeredMs: Math.round(performance.now() - begin) }
    }, user)
  }

  /** Runs a function in the page, given its block and an argument. */
  run<R, A = undefined>(work: (nexus: Nexus, argument: A) => R | Promise<R>, argument?: A): Promise<R> {
    return this.page.evaluate(
      `(async () => (${work.toString()})(globalThis.nexus, ${JSON.stringify(argument ?? null)}))()`
    ) as Promise<R>
  }

  /** The paths to a peer that it has now. */
  paths(peerId: string): Promise<string[]> {
    return this.run(
      (nexus, peer) => nexus.peers.filter((path) => path.peer.peerId === peer).map(({ path }) => path),
      peerId
    )
  }
}

function bundled(): Promise<string> {
  bundle ??= makeBundle()
  return bundle
}

async function makeBundle(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'nexus-bundle-'))

  try {
    await bundleOne(directory, { sourcemap: 'inline', minify: false })
    return await readFile(join(directory, 'nexus-mesh.js'), 'utf8')
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []

  for await (const chunk of request) {
    chunks.push(chunk as Buffer)
  }

  return JSON.parse(Buffer.concat(chunks).toString())
}
