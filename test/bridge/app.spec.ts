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
  async function run(code: string, envs: Record<string, string> = {}, args: string[] = []): Promise<Ended> {
    const folder = await temporaryDirectory()
    const lines = Object.entries(envs).map(([name, value]) => `${name}=${value}\n`)
    await mkdir(join(folder, 'envs'))
    await writeFile(join(folder, 'envs', 'worker.env'), lines.join(''))
    const program = join(folder, 'worker.mjs')
    await writeFile(
      program,
      `import { App, install } from '${BRIDGE}'\nconst print = (value) => console.log(JSON.stringify(value))\n${code}`
    )
    return node([program, ...args], folder)
  }

  async function identity(resource: string, grants: string[] = []): Promise<Record<string, string>> {
    const path = join(await temporaryDirectory(), 'credential.json')
    const block = { app: 'bridged', uid: 'anna', role: 'owner', resource, grants } as const
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

  it('keeps routes that are given before its REST server starts, and answers GET /start', async () => {
    const { stdout, stderr } = await run(
      `const port = ${await freePort()}
       App.rest.get('/early', (request, response) => response.json({ early: true }))
       await App.Init(port)
       const at = async (path) => (await fetch('http://127.0.0.1:' + port + path)).json()
       print([await at('/early'), await at('/start')])
       await App.stop()`
    )
    assert.equal(stdout, '[{"early":true},{"code":0}]\n', stderr)
  })

  it('calls each handler of a command; the first answer counts', async () => {
    const { stdout, stderr, code } = await run(
      `const called = []
       App.on('both', async () => { called.push('slow'); await sleep(50); called.push('over'); return { by: 'slow' } })
       App.on('both', () => { called.push('nothing') })
       App.on('both', () => { called.push('throws'); throw new Error('only told') })
       await App.Connect()
       App.on('both', () => { called.push('fast'); return { by: 'fast' } })
       App.on('fails', () => undefined)
       App.on('fails', () => { throw new Error('told') })
       const call = (cmd) => nexus.api({ app: 'bridged', cmd })
       const [first, failed] = [await call('both'), await call('fails')]
       await sleep(100)
       print([first, failed.code, called])
       await App.stop()`,
      await identity('several')
    )
    assert.equal(code, 0, stderr)
    const called = ['slow', 'nothing', 'throws', 'fast', 'over']
    assert.deepEqual(JSON.parse(stdout), [{ by: 'fast' }, new NexusError('HANDLER_FAILED', '').wireCode, called])
    assert.match(stderr, /only told/)
  })

  it('tells how it runs, and sets the globals of a worker', async () => {
    const { stdout, stderr } = await run(
      `const config = await App.Connect({ image: 'a', public: true })
       print([config, App.nexus === nexus, app, uid, resource, myjid, xmrole, typeof sleep, App.nexus.connected])
       await App.stop()`,
      { ...(await identity('envs')), RESOURCE: 'envs' },
      ['image=b', 'public=false', 'other=1', '--public=true']
    )
    const jid = 'bridged-anna-owner@test.nexus.example/envs'
    assert.deepEqual(
      JSON.parse(stdout),
      [
        { app: 'bridged', image: 'b', public: false, resource: 'envs' },
        true,
        ...['bridged', 'anna', 'envs', jid, 'owner', 'function', true]
      ],
      stderr
    )
  })

  it('answers ping without a grant, unless the worker does', async () => {
    const stranger = await mesh.block({ app: 'shop', uid: 'carl', role: 'user' }, { bootstrap: addresses })
    const asked = async (): Promise<unknown> =>
      stranger.api({ app: 'bridged', resource: 'pinged', cmd: 'ping' }).catch(({ code }) => code)
    stranger.handle('asked', asked)
    const { stdout, stderr } = await run(
      `await App.Connect()
       const ask = () => nexus.api({ app: 'shop', cmd: 'asked' })
       print([await ask(), App.on('ping', () => ({ own: true })), await ask(), await nexus.api({ app: 'bridged', cmd: 'ping' })])
       await App.stop()`,
      await identity('pinged', ['shop'])
    )
    assert.deepEqual(JSON.parse(stdout), [{ code: 0, pong: true }, null, 'FORBIDDEN', { own: true }], stderr)
  })

  it('has the resource <worker folder>.<app folder>.dev when nobody says otherwise', async () => {
    const { stdout, stderr, code } = await run(
      `try { await App.Connect({ credential: ({ resource }) => { throw new Error(resource) } }) } catch (error) { print(error.message) }
       await App.Connect()`
    )
    assert.equal(code, 1)
    const [, resource] = /of the resource '([\w.]+\.[\w.]+\.dev)'/.exec(stderr) ?? []
    assert.ok(resource !== undefined && stdout.includes(resource), stdout + stderr)
  })

  describe('installed in the App of the platform', () => {
    it('carries its messages, and leaves the rest of it as it is', async () => {
      const { stdout, stderr } = await run(
        `const platform = {
           Init: async () => 'its own', on: () => 'old', Connect: async () => 'old', payg: { left: 7 }, get name() { return 'x' }
         }
         const same = install(platform)
         platform.on('add', ({ body }) => ({ code: 0, sum: body.a + body.b }))
         const config = await platform.Connect()
         print([
           same === platform, await platform.Init(false), platform.payg.left, platform.name, config.resource,
           await platform.nexus.api({ app: 'bridged', cmd: 'add', body: { a: 1, b: 2 } })
         ])
         await platform.stop()`,
        await identity('installed')
      )
      assert.deepEqual(JSON.parse(stdout), [true, 'its own', 7, 'x', 'installed', { code: 0, sum: 3 }], stderr)
    })

    it('is refused what cannot be changed', async () => {
      const { stdout } = await run(
        `for (const bad of [undefined, 'App', Object.freeze({ on() {} })]) {
           try { install(bad) } catch (error) { print(error.code) }
         }`
      )
      assert.equal(stdout, '"INVALID"\n'.repeat(3))
    })
  })

  const refused: Array<[string, string, Record<string, string>, RegExp]> = [
    ['a handler that is none', "App.on('a', 'b')", {}, /'a' is no function/],
    ['nexus before Connect', 'App.nexus', {}, /App\.Connect\(\)/],
    ['no credential', 'await App.Connect()', {}, /NEXUS_CREDENTIAL.*INVALID/s],
    ['a resource with a hyphen', "await App.Connect({ resource: 'a-b' })", {}, /INVALID/],
    [
      'a database without its package',
      'await App.Init(false); await App.initUDB()',
      { UMONGOURL: 'mongodb://127.0.0.1:1/a' },
      /npm install mongodb/
    ],
    [
      'the other one without it',
      'await App.Init(false); await App.initUDB()',
      { XMONGOURL: 'mongodb://127.0.0.1:1/a' },
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

  it('refuses what program arguments say and its certificate does not', async () => {
    const { stdout } = await run(
      `for (const argument of ['public=no', 'app=other', 'resource=other']) {
         process.argv[2] = argument
         try { await App.Connect() } catch ({ code, message }) { console.log(code, message) }
       }`,
      await identity('mine')
    )
    assert.match(
      stdout,
      /^INVALID public=no.*\nINVALID .*'bridged', not of 'other'\nINVALID .*'mine', not of 'other'\n$/
    )
  })

  it('says that no database is configured', async () => {
    const { stdout, stderr } = await run('await App.Init(false); await App.initUDB(); console.log(udb, xdb)')
    assert.equal(stdout, 'undefined undefined\n', "stdout is the program's own")
    assert.match(stderr, /Warning: no database: neither UMONGOURL nor XMONGOURL is set\n/)
  })
})
