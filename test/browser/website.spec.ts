import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { bundleBrowser } from '../../scripts/bundle-browser.ts'
import type { Nexus } from '../../src/types.ts'
import { closeChromium, startedChromium } from '../support/chromium.ts'
import { compressedSize } from '../support/compressed-size.ts'
import { freePort } from '../support/free-port.ts'
import { linkPackages } from '../support/linked-package.ts'
import { LOOPBACK_WS, TestMesh } from '../support/mesh.ts'
import { node } from '../support/nexus-program.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'

const ROOT = join(import.meta.dirname, '../..')
/** What the page has loaded, compressed, when its first call is answered. */
const MAX_FIRST_CALL_GZIP_BYTES = 220_000
const JID = 'shop-carl-user@test.nexus.example/webxo'

describe('the website example', function () {
  this.timeout(90_000)
  let mesh: TestMesh
  let worker: Nexus
  let server: ChildProcess
  /** Where its files are. */
  let built: string
  let origin: string
  let context: BrowserContext
  /** What pages complained of on their consoles. */
  let complaints: string[]
  let certificates: number

  before(async () => {
    const project = await temporaryDirectory()
    await cp(join(ROOT, 'examples/website'), project, {
      recursive: true,
      filter: (path) => !/node_modules|dist|\.nexus/.test(path.slice(ROOT.length))
    })
    await linkPackages(project, ['vite'])
    await bundleBrowser(join(project, 'node_modules/nexus-mesh/dist/browser'))
    built = join(project, 'dist')
    const { code, stdout, stderr } = await node([join(ROOT, 'node_modules/vite/bin/vite.js'), 'build'], project)
    assert.equal(code, 0, `${stdout}${stderr}`)

    mesh = await TestMesh.create()
    const relay = await mesh.relay()
    worker = await mesh.block({}, { bootstrap: relay.addresses, listen: [LOOPBACK_WS] })
    worker.handle<{ a: number; b: number }>('multiply', ({ body }) => ({ result: body.a * body.b }))
    await writeFile(join(project, 'authority.json'), JSON.stringify(mesh.network.authority.toJSON()))
    const ws = relay.addresses.find((address) => address.includes('/ws')) ?? ''
    const port = await freePort()
    origin = `http://localhost:${port}`
    const flags = ['--authority', 'authority.json', '--bootstrap', ws, '--port', String(port)]
    server = spawn(process.execPath, ['server.js', ...flags], { cwd: project, stdio: ['ignore', 'pipe', 'inherit'] })
    await once(server.stdout!, 'data')
  })

  after(async () => {
    server?.kill()
    await closeChromium()
    await mesh?.stop()
    await removeTemporaryDirectories()
  })

  beforeEach(async () => {
    context = await (await startedChromium()).newContext()
    complaints = []
    certificates = 0
    context.on('console', (message) => {
      if (message.type() === 'error') {
        complaints.push(message.text())
      }
    })
    context.on('request', (request) => {
      certificates += request.url().endsWith('/nexus/certificate') ? 1 : 0
    })
  })

  afterEach(() => context.close())

  const open = async (): Promise<Page> => {
    const page = await context.newPage()
    await page.goto(origin)
    return page
  }

  const isOnline = (page: Page): Promise<void> => page.getByText(`${JID} is online`).waitFor()

  const logIn = async (page: Page): Promise<void> => {
    await page.getByLabel('Name').fill('carl')
    await page.getByRole('button', { name: 'Log in' }).click()
    await isOnline(page)
  }

  /** Peers of this user that the worker is connected to. */
  const peers = (): number => worker.peers.filter(({ peer }) => peer.uid === 'carl').length

  it('has its login form away after the login, and joins once for a double click', async () => {
    const page = await open()
    const login = page.getByRole('button', { name: 'Log in' })
    await page.getByLabel('Name').fill('carl')
    await login.dblclick()
    await isOnline(page)
    assert.equal(await login.isVisible(), false)
    assert.equal(await page.getByRole('button', { name: 'Call multiply' }).isVisible(), true)
    assert.equal(certificates, 1)
  })

  it('loads nothing of the mesh before the login, and of that no more than the first call needs', async () => {
    const loaded: string[] = []
    context.on('request', (request) => void loaded.push(new URL(request.url()).pathname))
    const scripts = (): string[] => loaded.filter((path) => path.endsWith('.js')).map((path) => join(built, path))
    const page = await open()
    await page.getByRole('button', { name: 'Log in' }).waitFor()
    assert.ok((await compressedSize(scripts())) < 10_000)
    await logIn(page)
    await page.getByRole('button', { name: 'Call multiply' }).click()
    await page.getByText('6 × 7 = 42').waitFor()
    const bytes = await compressedSize(scripts())
    assert.ok(bytes > 50_000 && bytes <= MAX_FIRST_CALL_GZIP_BYTES, `${bytes} bytes before the first answer`)
    const all = (await readdir(join(built, 'assets'))).filter((name) => name.endsWith('.js'))
    assert.ok(scripts().length < all.length, 'WebRTC was loaded, and no path needed it')
    console.log(`      ${(bytes / 1e3).toFixed(1)} kB, compressed, before the first answer`)
  })

  it('goes on after a reload, and in a second tab as a block of its own', async () => {
    const page = await open()
    await logIn(page)
    await page.reload()
    await isOnline(page)
    const other = await open()
    await isOnline(other)
    await page.getByRole('button', { name: 'Publish' }).click()
    await page.getByText('news from this page').waitFor()
    await other.getByText(`news from ${JID}`).waitFor()
  })

  it('logs out in every tab, and leaves the mesh', async () => {
    const page = await open()
    await logIn(page)
    const other = await open()
    await isOnline(other)
    await other.getByRole('button', { name: 'Call multiply' }).click()
    await other.getByText('6 × 7 = 42').waitFor()
    await page.getByRole('button', { name: 'Log out' }).click()

    for (const tab of [page, other]) {
      await tab.getByRole('button', { name: 'Log in' }).waitFor()
      await tab.getByText('Not logged in.').waitFor()
    }

    await until(() => peers() === 0, 'the pages to leave')
    await page.reload()
    await page.getByText('Not logged in.').waitFor()
  })

  it('has a policy under which the page goes over to the WebSocket of a worker', async () => {
    const page = await open()
    await logIn(page)
    const response = await page.request.get(origin)
    assert.match(
      response.headers()['content-security-policy'] ?? '',
      /^default-src 'self'; connect-src 'self' ws: wss:;/
    )
    await page.getByRole('button', { name: 'Call multiply' }).click()
    await page.getByText('6 × 7 = 42').waitFor()
    await until(
      () => worker.peers.some(({ peer, path }) => peer.uid === 'carl' && path === 'direct'),
      () => JSON.stringify(worker.peers)
    )
    assert.deepEqual(complaints, [])
  })
})
