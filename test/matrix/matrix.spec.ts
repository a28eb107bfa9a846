import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../support/free-port.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'
import { Consumer } from './consumer.ts'
import { COMPILERS, compilerFolder } from './versions.ts'

/** Half a gigabyte is installed for it, which takes a minute or two: `.ci/run` has it. */
const isOn = process.env.NEXUS_TEST_FRAMEWORKS === '1'
const run = promisify(execFile)
const CALLS = 'anna,true,FORBIDDEN,1'
const BUNDLED = `etest-anna-owner@mesh.example/bundled function
INVALID webrtc needs the package node-datachannel: npm install node-datachannel
`

describe(`what the package is used with${isOn ? '' : ' (left out without NEXUS_TEST_FRAMEWORKS=1)'}`, function () {
  this.timeout(300_000)
  let consumer: Consumer

  before(async function () {
    if (!isOn) {
      this.skip()
    }
    consumer = await Consumer.create()
  })

  after(removeTemporaryDirectories)

  describe('compilers, strict and with the declarations checked', () => {
    before(async () => {
      for (const extension of ['ts', 'mts', 'cts']) {
        await consumer.copy('types.ts', `types/types.${extension}`)
      }
    })

    for (const version of Object.keys(COMPILERS)) {
      for (const [module, resolution, ...extensions] of [
        ['node16', 'node16', 'ts', 'mts', 'cts'],
        ['nodenext', 'nodenext', 'ts', 'mts', 'cts'],
        ['esnext', 'bundler', 'ts']
      ] as const) {
        it(`TypeScript ${version}, ${resolution}`, async () => {
          const project = `types/${version}-${resolution}.json`
          const options = { noEmit: true, strict: true, types: [], lib: ['es2022', 'dom'], target: 'es2022' }
          const compilerOptions = { ...options, module, moduleResolution: resolution }
          const files = extensions.map((extension) => `types.${extension}`)
          await consumer.write(project, JSON.stringify({ compilerOptions, files }))
          const compiler = consumer.installed(`${compilerFolder(version)}/bin/tsc`)
          const { code, stdout } = await consumer.node([compiler, '-p', project])
          assert.equal(code, 0, stdout)
        })
      }
    }
  })

  describe('bundlers, whose bundle starts where nothing is installed', () => {
    before(() => consumer.copy('worker.js', 'worker.js'))

    for (const format of ['cjs', 'esm']) {
      it(`esbuild, ${format}`, async () => {
        const flags = ['--bundle', '--platform=node', `--format=${format}`, '--log-level=warning']
        const name = format === 'cjs' ? 'esbuild.cjs' : 'esbuild.mjs'
        const { stderr } = await run(
          consumer.installed('.bin/esbuild'),
          [...flags, 'worker.js', `--outfile=out/${name}`],
          {
            cwd: consumer.path
          }
        )
        assert.equal(stderr, '')
        await startsAlone('out', name)
      })
    }

    it('webpack', async () => {
      const output = "output: { path: __dirname + '/webpack', filename: 'worker.cjs' }"
      const config = `module.exports = { mode: 'none', target: 'node22', entry: './worker.js', ${output} }`
      await consumer.write('webpack.config.cjs', config)
      const { code, stdout } = await consumer.node([
        consumer.installed('webpack-cli/bin/cli.js'),
        '-c',
        'webpack.config.cjs'
      ])
      assert.equal(code, 0, stdout)
      assert.match(stdout, /compiled successfully/)
      await startsAlone('webpack', 'worker.cjs')
    })

    it('Rollup', async () => {
      const resolve = "import resolve from '@rollup/plugin-node-resolve'"
      const plugins = "plugins: [resolve({ exportConditions: ['node'] })]"
      await consumer.write('rollup.config.js', `${resolve}\nexport default { ${plugins} }`)
      const flags = ['-c', 'rollup.config.js', '--dir', 'rollup', '--silent', '--input', 'worker.js']
      const { code, stderr } = await consumer.node([consumer.installed('rollup/dist/bin/rollup'), ...flags])
      assert.equal(code, 0, stderr)
      await consumer.write('rollup/package.json', '{ "type": "module" }')
      await startsAlone('rollup', 'worker.js')
    })

    it('Next.js, with nothing set', async () => {
      await consumer.copy('route.js', 'next/app/who/route.js')
      await consumer.write(
        'next/app/layout.js',
        'export default ({ children }) => <html><body>{children}</body></html>'
      )
      await consumer.write('next/package.json', '{ "type": "module" }')
      const next = consumer.installed('next/dist/bin/next')
      const { code, stdout, stderr } = await consumer.node([next, 'build'], 'next')
      assert.equal(code, 0, `${stdout}${stderr}`)
      const port = await freePort()
      const cwd = join(consumer.path, 'next')
      const server = spawn(process.execPath, [next, 'start', '--port', String(port)], { cwd, stdio: 'ignore' })

      try {
        let answer: unknown
        await until(async () => {
          answer = await fetch(`http://localhost:${port}/who`).then(
            (response) => response.json(),
            () => undefined
          )
          return answer !== undefined
        }, 'the route answers')
        assert.deepEqual(answer, { jid: 'etest-anna-owner@test.example/r1' })
      } finally {
        server.kill('SIGKILL')
      }
    })
  })

  describe('programs and test runners', () => {
    before(async () => {
      for (const folder of ['commonjs', 'modules']) {
        await consumer.write(`${folder}/package.json`, `{ "type": "${folder.replace('modules', 'module')}" }`)
      }
      await consumer.copy('calls.cjs', 'commonjs/calls.js')
      await consumer.copy('calls.js', 'modules/calls.js')
    })

    it('a program in CommonJS, which shares its classes with modules', async () => {
      const one = "(await import('nexus-mesh')).NexusError === require('nexus-mesh').NexusError"
      await consumer.write(
        'commonjs/main.js',
        `require('./calls.js')().then(async (said) => console.log(said, ${one}))`
      )
      assert.equal((await consumer.node(['main.js'], 'commonjs')).stdout, `${CALLS} true\n`)
    })

    it('tsx in a CommonJS package', async () => {
      const program =
        "import calls from './calls.js'\nconst print = (said: string): void => console.log(said)\ncalls().then(print)"
      await consumer.write('commonjs/main.ts', program)
      const { stdout, stderr } = await consumer.node([consumer.installed('tsx/dist/cli.mjs'), 'main.ts'], 'commonjs')
      assert.equal(stdout, `${CALLS}\n`, stderr)
    })

    const jest = async (environment: string): Promise<string> => {
      await consumer.write(
        'commonjs/calls.test.js',
        `test('calls', async () => expect(await require('./calls.js')()).toBe('${CALLS}'))`
      )
      const flags = ['--rootDir', '.', '--testTimeout', '60000', '--env', environment]
      return (await consumer.node([consumer.installed('jest/bin/jest.js'), ...flags], 'commonjs')).stderr
    }

    it('Jest in a CommonJS package', async () => {
      assert.match(await jest('node'), /Tests: +1 passed/)
    })

    it('Jest with jsdom, which is told what to set', async () => {
      assert.match(
        await jest('jsdom'),
        /● .*calls\n+ +nexus-mesh: pages need a bundler.*\/\*\* @jest-environment node \*\//
      )
    })

    const vitest = async (...flags: string[]): Promise<string> => {
      const imports = "import { expect, test } from 'vitest'\nimport { calls } from './calls.js'"
      await consumer.write(
        'modules/calls.test.js',
        `${imports}\ntest('calls', async () => expect(await calls()).toBe('${CALLS}'))`
      )
      const { stdout, stderr } = await consumer.node(
        [consumer.installed('vitest/vitest.mjs'), 'run', '--no-color', '--test-timeout', '60000', ...flags],
        'modules'
      )
      return `${stdout}${stderr}`
    }

    it('vitest', async () => {
      assert.match(await vitest(), /Tests +1 passed/)
    })

    it('vitest with jsdom, which is told what to set', async () => {
      assert.match(
        await vitest('--environment', 'jsdom'),
        /Error: nexus-mesh needs the environment of Node.*\/\/ @vitest-environment node/
      )
    })
  })

  /** Runs what a bundler wrote, in a folder with nothing else. */
  async function startsAlone(folder: string, file: string): Promise<void> {
    const alone = await temporaryDirectory()
    await cp(join(consumer.path, folder), alone, { recursive: true })
    const { stdout, stderr } = await run(process.execPath, [file], { cwd: alone })
    assert.equal(stdout, BUNDLED, stderr)
  }
})
