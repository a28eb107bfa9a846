import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Page } from 'playwright-core'
import { bundleBrowser } from '../../scripts/bundle-browser.ts'
import { bundleTypes } from '../../scripts/bundle-types.ts'
import type { Nexus } from '../../src/types.ts'
import { closeChromium, startedChromium } from '../support/chromium.ts'
import { freePort } from '../support/free-port.ts'
import { linkPackages } from '../support/linked-package.ts'
import { TestMesh } from '../support/mesh.ts'
import { node } from '../support/nexus-program.ts'
import { ServerProcess } from '../support/server-process.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'

const ROOT = join(import.meta.dirname, '../..')
const VITE = join(ROOT, 'node_modules/vite/bin/vite.js')
const JID = 'shop-carl-user@test.nexus.example/webxo'
const PACKAGES = [
  'react@19',
  'react-dom@19',
  '@types/react@19',
  '@vitejs/plugin-react@6',
  'vue@3',
  '@vitejs/plugin-vue@6'
]
const run = promisify(execFile)

const EXAMPLES = [
  { name: 'react', title: 'React in the mesh', file: 'src/app.jsx' },
  { name: 'vue', title: 'Vue in the mesh', file: 'src/app.vue' }
]

/** Compiles against the types of the frameworks themselves. */
const TYPED = `
import { useChannel as useReactChannel, useMesh as useReactMesh } from 'nexus-mesh/react'
import { useChannel, useMesh, type MeshState } from 'nexus-mesh/vue'
import { ref, type ShallowRef } from 'vue'

export function Component(): string {
  const { nexus, status, error, retry } = useReactMesh({ name: 'carl' })
  const failure = useReactChannel<{ text: string }>(nexus, 'news', ({ body, from }) => body.text + from.uid)
  return [status?.state, error?.code, failure?.message, typeof retry].join()
}

const user = ref<{ uid: string } | null>(null)
export const mesh: Readonly<ShallowRef<MeshState>> = useMesh(() => user.value && { name: user.value.uid })
export const failure = useChannel<{ text: string }>(() => mesh.value.nexus, ref('news'), ({ body }) => body.text)
// @ts-expect-error a name is a text
useMesh({ name: 1 })
`

describe('hooks', function () {
  this.timeout(180_000)
  let project: string
  let mesh: TestMesh
  let worker: Nexus
  let relayAddress: string
  const servers: ServerProcess[] = []

  before(async function () {
    // React and Vue are installed for these specs alone, which takes half a minute.
    if (process.env.NEXUS_TEST_FRAMEWORKS !== '1') {
      this.skip()
    }

    project = await temporaryDirectory()
    await writeFile(join(project, 'package.json'), '{ "private": true, "type": "module" }')
    await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--legacy-peer-deps', ...PACKAGES], {
      cwd: project
    })
    await linkPackages(project, ['vite'])
    await bundleBrowser(join(project, 'node_modules/nexus-mesh/dist/browser'))

    for (const name of ['website', 'react', 'vue']) {
      await mkdir(join(project, name))
      await cp(join(ROOT, 'examples', name), join(project, name), {
        recursive: true,
        filter: (path) => !/node_modules|dist|\.nexus|package\.json$/.test(path.slice(ROOT.length))
      })
    }

    mesh = await TestMesh.create()
    const relay = await mesh.relay()
    relayAddress = relay.addresses.find((address) => address.includes('/ws')) ?? ''
    worker = await mesh.block({}, { bootstrap: relay.addresses, listen: [] })
    worker.handle<{ a: number; b: number }>('multiply', ({ body }) => ({ result: body.a * body.b }))
    await writeFile(join(project, 'authority.json'), JSON.stringify(mesh.network.authority.toJSON()))
  })

  afterEach(() => Promise.all(servers.splice(0).map((server) => server.kill())))

  after(async () => {
    await closeChromium()
    await mesh?.stop()
    await removeTemporaryDirectories()
  })

  /** Serves an example with Vite, before the backend of the website. */
  const serve = async (name: string): Promise<string> => {
    const [site, page] = [await freePort(), await freePort()]
    const origin = `http://localhost:${page}`
    const flags = ['--authority', 'authority.json', '--bootstrap', relayAddress, '--origin', origin]
    const backend = ['website/server.js', ...flags, '--port', String(site)]
    const vite = [VITE, '--port', String(page), '--strictPort']
    const env = { SITE: `http://localhost:${site}` }
    servers.push(await ServerProcess.start(backend, env.SITE, { cwd: project }))
    servers.push(await ServerProcess.start(vite, origin, { cwd: join(project, name), env }))
    return origin
  }

  const peersOfCarl = (): string[] => worker.peers.flatMap(({ peer }) => (peer.uid === 'carl' ? [peer.peerId] : []))

  for (const { name, title, file } of EXAMPLES) {
    it(`of ${name} join once, follow a channel once, go on when the page is edited, and leave`, async () => {
      const origin = await serve(name)
      const page: Page = await (await startedChromium()).newPage()
      let certificates = 0
      page.on('request', (request) => {
        certificates += request.url().endsWith('/nexus/certificate') ? 1 : 0
      })
      await page.goto(origin)
      await page.getByText('Not in the mesh.').waitFor()
      assert.equal(certificates, 0)
      await page.getByRole('button', { name: 'Log in' }).click()
      await page.getByText(`${JID} is online`).waitFor()
      await page.getByRole('button', { name: 'Call multiply' }).click()
      await page.getByText('6 × 7 = 42').waitFor()
      const [before] = peersOfCarl()

      const source = await readFile(join(project, name, file), 'utf8')
      await writeFile(join(project, name, file), source.replaceAll(title, 'Edited'))
      await page.getByRole('heading', { name: 'Edited' }).waitFor()
      await page.getByText(`${JID} is online`).waitFor()
      await page.getByRole('button', { name: 'Publish' }).click()
      await page.getByText('carl: hello').waitFor()
      // What came twice would have come with it.
      await page.getByRole('button', { name: 'Call multiply' }).click()
      await page.getByText('6 × 7 = 42').first().waitFor()
      assert.equal(await page.getByText('carl: hello').count(), 1)
      assert.deepEqual([certificates, ...new Set(peersOfCarl())], [1, before])

      await page.getByRole('button', { name: 'Log out' }).click()
      await page.getByText('Not in the mesh.').waitFor()
      await until(() => peersOfCarl().length === 0, 'the page to leave')
      await page.close()
    })
  }

  it('have types that go with those of React and Vue', async () => {
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
    const dist = join(project, 'node_modules/nexus-mesh/dist')
    await bundleTypes(join(dist, 'types'))
    await writeFile(join(project, 'typed.ts'), TYPED)
    const flags = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'esnext', '--moduleResolution', 'bundler']
    const lib = ['--target', 'es2023', '--lib', 'es2023,dom', '--types', 'react']
    const { code, stdout } = await node([tsc, ...flags, ...lib, 'typed.ts'], project)
    assert.equal(code, 0, stdout)
  })
})
