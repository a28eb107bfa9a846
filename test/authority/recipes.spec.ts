import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Metafile } from 'esbuild'
import { Authority } from '../../src/identity/authority.ts'
import { parseAnswer, requestCertificate } from '../../src/identity/enrolment.ts'
import { freePort } from '../support/free-port.ts'
import { alice, TEST_NETWORK } from '../support/identities.ts'
import { linkPackages } from '../support/linked-package.ts'
import { ServerProcess } from '../support/server-process.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'

const ROOT = join(import.meta.dirname, '../..')
const RELAY = '/dns4/relay.example.org/tcp/443/wss'
const VITE = join(ROOT, 'node_modules/vite/bin/vite.js')
/** Express and Next.js are installed for their recipes alone, which takes a minute. */
const INSTALLS = process.env.NEXUS_TEST_FRAMEWORKS === '1'
const run = promisify(execFile)

interface Answer {
  status: number
  body: { error?: { code: string; message: string } }
}

describe('the recipes of docs/BROWSER.md', function () {
  this.timeout(240_000)
  let project: string
  let built: Metafile
  const running: ServerProcess[] = []

  before(async () => {
    project = await temporaryDirectory()
    await writeFile(join(project, 'package.json'), '{ "private": true, "type": "module" }')

    if (INSTALLS) {
      const packages = ['express@5', 'next@16', 'react@19', 'react-dom@19']
      await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', ...packages], { cwd: project })
    }

    built = await linkPackages(project, ['hono', '@hono/node-server', 'vite'])
    const authority = await Authority.create({ network: TEST_NETWORK })
    await writeFile(join(project, 'authority.json'), JSON.stringify(authority.toJSON()))

    for (const [path, text] of await recipes()) {
      await mkdir(dirname(join(project, path)), { recursive: true })
      await writeFile(join(project, path), text)
    }
  })

  afterEach(() => Promise.all(running.splice(0).map((server) => server.kill())))

  after(removeTemporaryDirectories)

  /** Starts a program of the project, and waits until it answers. */
  const start = async (args: readonly string[], origin: string, env: Record<string, string> = {}): Promise<void> => {
    const site = { AUTHORITY_FILE: 'authority.json', RELAY, SITE_ORIGIN: origin, PORT: new URL(origin).port, ...env }
    running.push(await ServerProcess.start(args, origin, { cwd: project, env: site }))
  }

  /** Asks for a certificate as a page of this origin does. */
  const ask = async (origin: string, cookie: string): Promise<Answer> => {
    const request = await requestCertificate(alice, { audience: origin, issuedAt: Date.now(), id: 'a' })
    const response = await fetch(`${origin}/nexus/certificate`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin, cookie },
      body: JSON.stringify({ request })
    })
    return { status: response.status, body: (await response.json()) as Answer['body'] }
  }

  const givesCertificates = async (origin: string): Promise<void> => {
    const { status, body } = await ask(origin, 'user=carl')
    assert.equal(status, 200, JSON.stringify(body))
    const { network, bootstrap, grants } = parseAnswer(body)
    assert.deepEqual([network, bootstrap, grants.length], [TEST_NETWORK, [RELAY], 1])
    const nobody = await ask(origin, 'theme=dark')
    assert.deepEqual([nobody.status, nobody.body.error?.code], [401, 'NOT_LOGGED_IN'])
  }

  it('load nothing of the mesh', () => {
    const entry = Object.keys(built.outputs).find((path) => path.endsWith('src/authority/site/index.js'))!
    const reached = new Set([entry])

    for (const path of reached) {
      for (const { path: imported, external } of built.outputs[path]!.imports) {
        if (external !== true) {
          reached.add(imported)
        }
      }
    }

    const inputs = [...reached].flatMap((path) => Object.keys(built.outputs[path]!.inputs))
    assert.ok(inputs.includes('src/identity/enrolment.ts'))
    assert.deepEqual(
      inputs.filter((path) =>
        /node_modules\/(libp2p|@libp2p\/(gossipsub|kad-dht|tcp|websockets))\/|src\/node\//.test(path)
      ),
      []
    )
  })

  it('answer in Hono', async () => {
    const origin = `http://localhost:${await freePort()}`
    await start(['hono.js'], origin)
    await givesCertificates(origin)
  })

  it('answer behind the development server of Vite, and say what is missing', async () => {
    const site = `http://localhost:${await freePort()}`
    const port = await freePort()
    const origin = `http://localhost:${port}`
    await start([VITE, '--port', String(port), '--strictPort'], origin, { SITE: site })
    await start(['hono.js'], site)
    const { status, body } = await ask(origin, 'user=carl')
    assert.equal(status, 403)
    assert.equal(body.error?.message, `a page of ${origin} may not ask here: the option origin is ${site}`)
    await running.pop()?.kill()
    await start(['hono.js'], site, { SITE_ORIGIN: `${site},${origin}` })
    await givesCertificates(origin)
  })

  it('answer in Express, whose parser has read the body', async function () {
    if (!INSTALLS) {
      this.skip()
    }
    const origin = `http://localhost:${await freePort()}`
    await start(['express.js'], origin)
    await givesCertificates(origin)
  })

  it('answer in Next.js', async function () {
    if (!INSTALLS) {
      this.skip()
    }
    const next = join(project, 'node_modules/next/dist/bin/next')
    const origin = `http://localhost:${await freePort()}`
    const env = { ...process.env, AUTHORITY_FILE: join(project, 'authority.json'), RELAY, SITE_ORIGIN: origin }
    await run(process.execPath, [next, 'build'], { cwd: project, env: { ...env, NEXT_TELEMETRY_DISABLED: '1' } })
    await start([next, 'start', '--port', new URL(origin).port], origin)
    await givesCertificates(origin)
  })
})

/** The programs that the page shows, by the file that the first line of each names. */
async function recipes(): Promise<[path: string, text: string][]> {
  const page = await readFile(join(ROOT, 'docs/BROWSER.md'), 'utf8')
  return [...page.matchAll(/```js\n\/\/ ([\w./]+\.js)\n(.*?)```/gs)].map(([, path, text]) => [path!, text!])
}
