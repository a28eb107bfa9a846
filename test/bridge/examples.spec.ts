import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { writeCredentialFile } from '../../src/node/runtime/credential-file.ts'
import type { Nexus } from '../../src/types.ts'
import { freePort } from '../support/free-port.ts'
import type { TestBlock } from '../support/identities.ts'
import { TestMesh } from '../support/mesh.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'
import { waitFor } from '../support/wait-for.ts'

const ROOT = join(import.meta.dirname, '../..')
const EXAMPLES = join(ROOT, 'examples/bridge')
const WAIT_MS = 40_000
const hasFastApi = spawnSync('python3', ['-c', 'import fastapi, uvicorn']).status === 0
const hasPython = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 11))']).status === 0

/** An example in a process of its own. */
class Example {
  output = ''
  readonly #child: ChildProcess

  constructor(file: string, env: Record<string, string>) {
    const command = file.endsWith('.py') ? 'python3' : process.execPath
    this.#child = spawn(command, [join(EXAMPLES, file)], {
      env: {
        ...process.env,
        ...env,
        PYTHONPATH: join(ROOT, 'python'),
        PYTHONUNBUFFERED: '1',
        NEXUS_NODE: process.execPath
      },
      stdio: ['ignore', 'pipe', 'pipe']
    })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text
      })
    }
  }

  async printed(pattern: RegExp): Promise<void> {
    await until(() => pattern.test(this.output) || this.#isOver, `${pattern} in: ${this.output}`, WAIT_MS)
    assert.match(this.output, pattern)
  }

  async stop(): Promise<void> {
    if (!this.#isOver) {
      const exited = once(this.#child, 'exit')
      this.#child.kill('SIGTERM')
      await exited
    }
  }

  get #isOver(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }
}

describe('the examples of the bridge', function () {
  this.timeout(120_000)
  let mesh: TestMesh
  let bootstrap: string
  let observer: Nexus
  const running: Example[] = []

  before(async () => {
    // They import the package by its name, as it is published.
    const built = spawnSync(process.execPath, [join(ROOT, 'scripts/build.ts')], { encoding: 'utf8' })
    assert.equal(built.status, 0, built.stderr)
    mesh = await TestMesh.create()
    const { addresses } = await mesh.relay()
    bootstrap = addresses.join(',')
    observer = await mesh.block({ app: 'shop', block: 'device', resource: 'observer' }, { bootstrap: addresses })
  })

  afterEach(async () => {
    await Promise.all(running.splice(0).map((example) => example.stop()))
  })

  after(async () => {
    await mesh.stop()
    await removeTemporaryDirectories()
  })

  const start = async (
    file: string,
    block: TestBlock & { grants?: string[] },
    env: Record<string, string> = {}
  ): Promise<Example> => {
    const path = join(await temporaryDirectory(), 'credential.json')
    await writeCredentialFile(path, await mesh.network.credentialFor(block))
    const example = new Example(file, { NEXUS_CREDENTIAL: path, NEXUS_BOOTSTRAP: bootstrap, ...env })
    running.push(example)
    return example
  }
  /** A worker of `calc` that others find. */
  const calc = async (file: string): Promise<Example> => {
    const worker = await start(file, { app: 'calc', uid: 'anna', resource: 'default' })
    await worker.printed(/^ready$/m)
    await waitFor('the worker', async () => (await observer.find({ app: 'calc' })).length === 1, WAIT_MS)
    return worker
  }
  const shop = (file: string, uid = 'carl'): Promise<Example> =>
    start(file, { app: 'shop', uid, role: 'user', resource: 'default', grants: ['calc'] })
  const kinds = hasPython ? ['js', 'py'] : ['js']
  const fileOf = (name: string, kind: string): string =>
    kind === 'py' ? `${name.replaceAll('-', '_')}.py` : `${name}.js`

  it('compile in TypeScript strict, with the types that the package brings', async () => {
    const folder = await temporaryDirectory()
    const options = {
      extends: join(ROOT, 'tsconfig.json'),
      compilerOptions: { allowJs: true, checkJs: true, paths: {} }
    }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ ...options, include: [`${EXAMPLES}/*.js`] }))
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc')
    const types = ['--typeRoots', join(ROOT, 'node_modules/@types')]
    const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', folder, ...types], { encoding: 'utf8' })
    assert.equal(status, 0, stdout)
  })

  for (const server of kinds) {
    for (const client of kinds) {
      it(`${client} finds and calls ${server}`, async () => {
        const worker = await calc(fileOf('api', server))
        const caller = await shop(fileOf('find-then-call', client))
        await caller.printed(/^calc-anna-owner@test\.nexus\.example\/default: 42$/m)
        await worker.printed(/^carl \(user\) asks for 6 x 7, with the grant [\w-]+$/m)
      })

      it(`${client} sends ${server} a direct`, async () => {
        const receiver = await calc(fileOf('direct-receiver', server))
        const sender = await shop(fileOf('direct-sender', client))
        await sender.printed(/^taken$/m)
        await receiver.printed(/^shop-carl-user@test\.nexus\.example\/default sends \{"order":66\}$/m)
      })
    }
  }

  for (const kind of kinds.filter((kind) => kind === 'js' || hasFastApi)) {
    it(`${kind} answers the pages of a site with what workers say`, async () => {
      await calc('api.js')
      const receiver = await start('direct-receiver.js', { app: 'calc', uid: 'anna', resource: 'orders' })
      const listener = await shop('channel.js', 'dora')
      const port = await freePort()
      const block: TestBlock = { app: 'shop', uid: 'carl', role: 'partner' }
      const site = await start(fileOf('site-backend', kind), { ...block, grants: ['calc'] }, { PORT: String(port) })
      await Promise.all([site, receiver, listener].map((example) => example.printed(/^ready$/m)))
      const ask = async (path: string, options: RequestInit = {}): Promise<unknown> => {
        const response = await fetch(`http://127.0.0.1:${port}${path}`, options).catch(() => undefined)
        return response?.json()
      }
      await waitFor(
        'a product',
        async () => isDeepStrictEqual(await ask('/product?a=6&b=7'), { code: 0, result: 42 }),
        WAIT_MS
      )
      const headers = { 'content-type': 'application/json' }
      const order = { method: 'POST', headers, body: JSON.stringify({ what: 'tea' }) }
      await waitFor('the order', async () => isDeepStrictEqual(await ask('/order', order), { code: 0 }), WAIT_MS)
      await receiver.printed(/^shop-carl-partner@.* sends \{"what":"tea"\}$/m)
      await listener.printed(/^shop-carl-partner@.* says carl has sold tea$/m)
    })
  }

  it('talk on one channel, each with each', async () => {
    const talkers = await Promise.all(
      kinds.flatMap((kind) => ['carl', 'dora'].map((uid) => shop(fileOf('channel', kind), `${uid}${kind}`)))
    )
    for (const talker of talkers) {
      for (const kind of kinds) {
        await talker.printed(
          new RegExp(`${kind}-user@test\\.nexus\\.example/default says hello from ${kind === 'py' ? 'Python' : 'Node'}`)
        )
      }
    }
  })
})
