import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, readdir, readFile, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { compressedSize } from './support/compressed-size.ts'
import { node } from './support/nexus-program.ts'
import { OwnProject, readRecipe } from './support/own-project.ts'
import { packPackage } from './support/packed-package.ts'

const ROOT = join(import.meta.dirname, '..')
const MAX_PACKAGES = 1
const MAX_BYTES = 40_000_000
/** All JavaScript of the website example, compressed. */
const MAX_GZIP_BYTES = 230_000

const run = promisify(execFile)

describe('the published package, installed into an empty project', function () {
  this.timeout(240_000)
  let project: string
  let packed: string

  before(async () => {
    project = await realpath(await mkdtemp(join(tmpdir(), 'nexus-package-')))
    packed = await packPackage(project)
    await writeFile(join(project, 'package.json'), '{ "private": true, "type": "module" }')
    await npmInstall(packed)
  })

  after(() => rm(project, { recursive: true, force: true }))

  const npmInstall = (...what: string[]): Promise<unknown> =>
    run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', ...what], { cwd: project })

  /** Runs a program there. */
  const script = async (text: string): Promise<string> => {
    await writeFile(join(project, 'program.mjs'), text)
    const { code, stdout, stderr } = await node(['program.mjs'], project)
    assert.equal(code, 0, stderr)
    return stdout.trim()
  }

  /** A block alone in its network, that prints what `print` makes of it. */
  const block = (options: string, print: string): string => `
    import { Authority, createCredential, createNexus, generateKey, peerIdOf } from 'nexus-mesh'
    const authority = await Authority.create({ network: 'mesh.example' })
    const key = await generateKey()
    const who = { app: 'etest', uid: 'anna', role: 'owner', block: 'worker', resource: 'default' }
    const certificate = await authority.issueCertificate({ ...who, peerId: peerIdOf(key) })
    const credential = createCredential({ network: authority.network, key, certificate, roots: [authority.rootId] })
    try {
      const nexus = await createNexus({ credential, ...${options} })
      console.log(${print})
      await nexus.stop()
    } catch (error) {
      console.log(error.code, error.message)
    }
    process.exit()`

  it('brings few packages, and nothing of react-native', async () => {
    const { stdout } = await run('npm', ['ls', '--all', '--parseable'], { cwd: project })
    const packages = stdout.trim().split('\n').slice(1)
    assert.ok(packages.length <= MAX_PACKAGES, `${packages.length} packages`)
    assert.deepEqual(
      packages.filter((path) => /react-native|node-datachannel|@libp2p\/webrtc$|libp2p$/.test(path)),
      []
    )
    const bytes = await sizeOf(join(project, 'node_modules'))
    assert.ok(bytes <= MAX_BYTES, `${bytes} bytes`)
    console.log(`      ${packages.length} packages, ${(bytes / 1e6).toFixed(0)} MB`)
  })

  it('runs in Node', async () => {
    const jid = await script(block("{ listen: ['/ip4/127.0.0.1/tcp/0'] }", 'nexus.identity.jid'))
    assert.equal(jid, 'etest-anna-owner@mesh.example/default')
  })

  it('runs a first test of its own, in memory', async () => {
    await writeFile(
      join(project, 'first.test.mjs'),
      `import assert from 'node:assert/strict'
       import { test } from 'node:test'
       import { NexusError } from 'nexus-mesh'
       import { createTestMesh } from 'nexus-mesh/testing'
       test('three blocks', async () => {
         const mesh = await createTestMesh()
         await mesh.block({ handlers: { hi: ({ from }) => from.uid } })
         const [caller, stranger] = [await mesh.block(), await mesh.block({ app: 'shop', uid: 'carl' })]
         assert.equal(await caller.api({ app: 'etest', cmd: 'hi' }), 'anna')
         await assert.rejects(stranger.api({ app: 'etest', cmd: 'hi' }), (error) => error instanceof NexusError)
         await mesh.stop()
       })`
    )
    const { code, stdout } = await node(['--test', 'first.test.mjs'], project)
    assert.equal(code, 0, stdout)
    assert.match(stdout, /pass 1/)
  })

  it('gets from nothing to a first call of its own by the commands and files of README.md', async () => {
    const { files, commands, filesBefore } = await readRecipe()
    const own = new OwnProject(await mkdtemp(join(project, 'own-')))
    assert.deepEqual(commands.slice(0, 2), ['npm install nexus-mesh', 'node --test'])
    const began = performance.now()
    await own.install(packed)
    await own.write(files)
    const { code, stdout } = await node(['--test'], own.folder)
    assert.equal(code, 0, stdout)
    assert.match(stdout, /pass 1/)
    const seconds = ((performance.now() - began) / 1_000).toFixed(1)
    console.log(`      2 commands, ${filesBefore('node --test')} files, ${seconds} s to the first call`)
    assert.ok(filesBefore('node --test') <= 3)
    assert.deepEqual(JSON.parse(await own.outputOf(commands[2]!)), { code: 0, result: 42, for: 'dev' })
  })

  it('has one of each class, whichever entry it comes from', async () => {
    const seen = await script(`
      import { createNexus, NexusError } from 'nexus-mesh'
      import { createRelay } from 'nexus-mesh/relay'
      import { App } from 'nexus-mesh/bridge'
      for (const start of [createNexus, createRelay]) {
        await start({ credential: 'nobody.json' }).catch((error) => console.log(error instanceof NexusError, error.code))
      }
      console.log(App !== undefined)`)
    assert.equal(seen, 'true INVALID\ntrue INVALID\ntrue')
  })

  it('has the files of all of its entries', async () => {
    const home = join(project, 'node_modules/nexus-mesh')
    const { exports, bin } = JSON.parse(await readFile(join(home, 'package.json'), 'utf8'))
    const paths = (entry: unknown): string[] =>
      typeof entry === 'string' ? [entry] : Object.values(entry as object).flatMap(paths)
    const missing = [...paths(exports), ...paths(bin)].filter((path) => !existsSync(join(home, path)))
    assert.deepEqual(missing, [])
  })

  it('has all that its pages link to, and says where it comes from', async () => {
    const home = join(project, 'node_modules/nexus-mesh')
    const { repository, homepage, bugs } = JSON.parse(await readFile(join(home, 'package.json'), 'utf8'))
    const [, host = ''] = /^git\+(https:.*)\.git$/.exec(repository.url) ?? []
    assert.deepEqual([homepage, bugs], [`${host}#readme`, `${host}/issues`])
    const broken = []

    for (const page of (await readdir(home, { recursive: true })).filter((path) => path.endsWith('.md'))) {
      const links = (await readFile(join(home, page), 'utf8')).matchAll(/\]\((?!https:|#)([^)#]+)[^)]*\)/g)
      broken.push(
        ...[...links].filter(([, to]) => !existsSync(join(home, dirname(page), to!))).map(([link]) => page + link)
      )
    }

    assert.deepEqual(broken, [])
  })

  it('has the licences of all that is bundled', async () => {
    const text = await readFile(join(project, 'node_modules/nexus-mesh/dist/THIRD-PARTY-LICENSES.txt'), 'utf8')
    assert.match(text, /^libp2p \d+\.\d+\.\d+: Apache-2\.0 OR MIT$/m)
    assert.match(text, /^commander .*: MIT$/m)
    assert.match(text, /Redistribution and use in source and binary forms/)
  })

  it('runs its programs: a demo of several processes, with a page', async () => {
    const { code, stdout, stderr } = await node(['node_modules/nexus-mesh/bin/nexus.js', 'demo', '--once'], project)
    assert.equal(code, 0, `${stdout}${stderr}`)
    assert.match(stdout, /ok {4}refuse-anonymous/)
    assert.match(stdout, /left out: the Python package is not here/)
    assert.match(stdout, /ok {4}page /)
  })

  it('says what WebRTC needs, and has it then', async () => {
    const program = block("{ webrtc: true, listen: ['/ip4/127.0.0.1/udp/0/webrtc-direct'] }", 'nexus.addresses.join()')
    assert.match(await script(program), /^INVALID webrtc needs the package node-datachannel: npm install/)
    await npmInstall('node-datachannel@0.33')
    assert.match(await script(program), /^\/ip4\/127\.0\.0\.1\/udp\/\d+\/webrtc-direct\/certhash\//)
  })

  it('builds the website example with Vite, within its size', async () => {
    await cp(join(ROOT, 'examples/website'), project, {
      recursive: true,
      filter: (path) => !/node_modules|dist|package\.json$/.test(path.slice(ROOT.length))
    })
    await symlink(join(ROOT, 'node_modules/vite'), join(project, 'node_modules/vite'))
    const { code, stdout, stderr } = await node([join(ROOT, 'node_modules/vite/bin/vite.js'), 'build'], project)
    assert.equal(code, 0, `${stdout}${stderr}`)
    const assets = join(project, 'dist/assets')
    const scripts = (await readdir(assets)).filter((name) => name.endsWith('.js'))
    const bytes = await compressedSize(scripts.map((name) => join(assets, name)))
    assert.ok(bytes > 50_000 && bytes <= MAX_GZIP_BYTES, `${bytes} bytes of JavaScript, compressed`)
    console.log(`      ${(bytes / 1e3).toFixed(1)} kB of JavaScript, compressed`)
  })

  it('checks the types of that website, without those of Node', async () => {
    const { code, stdout } = await node([join(ROOT, 'node_modules/typescript/bin/tsc')], project)
    assert.equal(code, 0, stdout)
    await rm(join(project, 'tsconfig.json'))
  })

  it('keeps what an entry sets when it is imported', async () => {
    const browser = await readFile(join(project, 'node_modules/nexus-mesh/dist/browser/bridge.js'), 'utf8')
    assert.match(browser, /globalThis\.nexusconnected\?\?=/)
    const set = await script(`import 'nexus-mesh/bridge'\nconsole.log(typeof sleep)`)
    assert.equal(set, 'function')
  })

  it('leaves nothing in a bundle that imports it and does not use it', async () => {
    await writeFile(
      join(project, 'unused.js'),
      `import { joinMesh } from 'nexus-mesh/page'\nconsole.log('no mesh here')`
    )
    const { outputFiles } = await build({
      absWorkingDir: project,
      entryPoints: ['unused.js'],
      bundle: true,
      format: 'esm',
      conditions: ['browser'],
      write: false
    })
    assert.ok(outputFiles[0]!.contents.byteLength < 1_000, `${outputFiles[0]!.contents.byteLength} bytes`)
  })

  it('has types for all of its entries', async () => {
    await writeFile(
      join(project, 'types.ts'),
      `import { createNexus, type Nexus } from 'nexus-mesh'
       import { joinMesh } from 'nexus-mesh/page'
       import { createRelay } from 'nexus-mesh/relay'
       const nexus: Promise<Nexus> = joinMesh()
       export { createNexus, createRelay, nexus }`
    )
    await writeFile(
      join(project, 'scope.ts'),
      `import { createNexus } from 'nexus-mesh'
       await using nexus = await createNexus({ credential: 'anna.json' })
       export {}`
    )
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')

    for (const [module, resolution] of [
      ['nodenext', 'nodenext'],
      ['esnext', 'bundler']
    ] as const) {
      const flags = ['--noEmit', '--strict', '--target', 'es2023', '--module', module]
      const compile = async (...more: string[]): Promise<void> => {
        const { code, stdout } = await node([tsc, ...flags, '--moduleResolution', resolution, ...more], project)
        assert.equal(code, 0, stdout)
      }

      await compile('types.ts')
      // Those whose TypeScript knows no `Symbol.asyncDispose` compile too.
      await compile('types.ts', '--lib', 'es2023,dom', '--types', '')
      await compile('types.ts', 'scope.ts', '--lib', 'es2023,dom,esnext.disposable')
    }
  })
})

async function sizeOf(directory: string): Promise<number> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true })
  const files = entries.filter((entry) => entry.isFile())
  const sizes = files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size)
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
