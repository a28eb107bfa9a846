import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { NexusError } from '../../src/errors.ts'
import { writeCredentialFile } from '../../src/node/runtime/credential-file.ts'
import { freePort } from '../support/free-port.ts'
import { TestMesh } from '../support/mesh.ts'
import { type Ended, node } from '../support/nexus-program.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'

const BRIDGE = pathToFileURL(join(import.meta.dirname, '../../src/bridge/index.ts')).href

describe('App of the bridge', function () {
  this.timeout(60_000)
  let mesh: TestMesh
  let addresses: string[]

  before(async () => {
    mesh = await TestMesh.create()
    addresses = (await mesh.relay()).addresses
  })

  after(async () => {
    await mesh.stop()
    await removeTemporaryDirectories()
  })

  /** Runs a worker in a folder of its own whose `envs` hold these lines, and gives what it printed. */
  async function run(code: string, envs: Record<string, string> = {}): Promise<Ended> {
    const folder = await temporaryDirectory()
    const lines = Object.entries(envs).map(([name, value]) => `${name}=${value}\n`)
    await mkdir(join(folder, 'envs'))
    await writeFile(join(folder, 'envs', 'worker.env'), lines.join(''))
    const program = join(folder, 'worker.mjs')
    await writeFile(program, `import { App } from '${BRIDGE}'\n${code}`)
    return node([program], folder)
  }

  async function identity(resource: string): Promise<Record<string, string>> {
    const path = join(await temporaryDirectory(), 'credential.json')
    const block = { app: 'bridged', uid: 'anna', role: 'owner', resource } as const
    await writeCredentialFile(path, await mesh.network.credentialFor(block))
    return { NEXUS_CREDENTIAL: path, NEXUS_BOOTSTRAP: addresses.join(',') }
  }

  it('is told by the folder envs who it is, and serves commands', async () => {
    const { stdout, stderr, code } = await run(
      `await App.Init(false)
       App.on('add', ({ body }) => ({ code: 0, sum: body.a + body.b }))
       App.on('nothing', () => undefined)
       await App.Connect()
       const call = (cmd) => nexus.api({ app: 'bridged', cmd, body: { a: 1, b: 2 } })
       console.log(JSON.stringify([await call('nothing'), await call('add')]))
       await App.stop()`,
      { ...(await identity('envs')), RESOURCE: 'envs' }
    )
    assert.equal(code, 0, stderr)
    const [nothing, sum] = JSON.parse(stdout)
    assert.deepEqual([nothing.code, typeof nothing.msg], [new NexusError('HANDLER_FAILED', '').wireCode, 'string'])
    assert.deepEqual(sum, { code: 0, sum: 3 })
  })

  it('has a REST server with JSON bodies and open CORS', async () => {
    const { stdout, stderr } = await run(
      `const port = ${await freePort()}
       await App.Init(port)
       App.rest.get('/a', (request, response) => response.json({ got: request.query.x }))
       App.rest.post('/b', (request, response) => response.json(request.body))
       const at = (path, options) => fetch('http://127.0.0.1:' + port + path, options)
       const got = await at('/a?x=1')
       console.log(got.headers.get('access-control-allow-origin'), JSON.stringify(await got.json()))
       const headers = { 'content-type': 'application/json' }
       const posted = await at('/b', { method: 'POST', headers, body: '{"n":[1]}' })
       console.log(JSON.stringify(await posted.json()))
       await App.stop()`
    )
    assert.equal(stdout, '* {"got":"1"}\n{"n":[1]}\n', stderr)
  })

  const refused: Array<[string, string, Record<string, string>, RegExp]> = [
    ['a command that is registered twice', "App.on('a', () => ({})); App.on('a', () => ({}))", {}, /'a' has a handler/],
    ['no credential', 'await App.Connect()', {}, /INVALID.*NEXUS_CREDENTIAL/s],
    ['a resource with a hyphen', "await App.Connect({ resource: 'a-b' })", {}, /INVALID/],
    ['the REST server before Init', 'App.rest', {}, /App\.Init\(port\)/],
    [
      'a database without its package',
      'await App.Init(false); await App.initUDB()',
      { UMONGOURL: 'mongodb://127.0.0.1:1/a' },
      /npm install mongodb/
    ]
  ]

  for (const [what, code, envs, expected] of refused) {
    it(`refuses ${what}`, async () => {
      const ended = await run(code, envs)
      assert.equal(ended.code, 1)
      assert.match(ended.stderr, expected)
    })
  }

  it("refuses a resource that is not its certificate's", async () => {
    const { code, stderr } = await run('await App.Init(false); await App.Connect()', {
      ...(await identity('mine')),
      RESOURCE: 'other'
    })
    assert.equal(code, 1)
    assert.match(stderr, /'mine', not of 'other'/)
  })

  it('says that no database is configured', async () => {
    const { stdout, stderr } = await run('await App.Init(false); await App.initUDB(); console.log(udb)')
    assert.equal(stdout, 'undefined\n', "stdout is the program's own")
    assert.match(stderr, /Warning: no database: UMONGOURL is not set\n/)
  })
})
