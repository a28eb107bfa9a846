import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from './support/free-port.ts'
import { linkPackages } from './support/linked-package.ts'
import { removeTemporaryDirectories, temporaryDirectory } from './support/temporary-directory.ts'
import { until } from './support/until.ts'

const ROOT = join(import.meta.dirname, '..')
const EXAMPLE = join(ROOT, 'examples/container')
const run = promisify(execFile)
/** Whether images can be built here, and composed. */
const hasDocker =
  process.env.NEXUS_TEST_FRAMEWORKS === '1' &&
  ['info', 'compose version'].every((words) => spawnSync('docker', words.split(' ')).status === 0)

interface Service {
  entrypoint?: string[]
  environment?: Record<string, string>
  healthcheck?: { disable?: boolean }
  depends_on?: Record<string, { condition: string }>
}

/** As it stands in YAML, with what it takes over under `<<`. */
interface Written extends Service {
  '<<'?: Written
}

function merged({ '<<': from, ...own }: Written): Service {
  return { ...(from === undefined ? {} : merged(from)), ...own }
}

/** The instructions of the image that stays, in their order. */
async function instructions(): Promise<[name: string, text: string][]> {
  const text = (await readFile(join(ROOT, 'Dockerfile'), 'utf8')).replaceAll('\\\n', ' ').replaceAll(/^#.*\n/gm, '')
  const lines = text.split('\n').filter((line) => line !== '')
  return lines.slice(lines.findLastIndex((line) => line.startsWith('FROM'))).map((line) => {
    const [name = '', ...words] = line.split(' ')
    return [name, words.join(' ')]
  })
}

const argumentsIn = (text: string): string[] => JSON.parse(text.slice(text.indexOf('[')))

describe('the container image', function () {
  this.timeout(120_000)
  let image: Map<string, string>
  let services: Record<string, Service>
  let folder: string
  let environment: NodeJS.ProcessEnv
  const running: ChildProcess[] = []

  before(async () => {
    image = new Map(await instructions())
    // Mocha reads its own configuration with it.
    const { load } = createRequire(createRequire(import.meta.url).resolve('mocha'))('js-yaml')
    const written = load(await readFile(join(EXAMPLE, 'compose.yaml'), 'utf8')).services as Record<string, Written>
    services = Object.fromEntries(Object.entries(written).map(([name, service]) => [name, merged(service)]))
    folder = await temporaryDirectory()
    await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
    await linkPackages(folder, [])
    await cp(EXAMPLE, join(folder, 'example'), { recursive: true })
    await cp(join(ROOT, 'bin'), join(folder, 'node_modules/nexus-mesh/bin'), { recursive: true })
    await chmod(join(folder, 'node_modules/nexus-mesh/bin/nexus.js'), 0o755)
    await mkdir(join(folder, 'bin'))
    await symlink('../node_modules/nexus-mesh/bin/nexus.js', join(folder, 'bin/nexus'))
    environment = { ...process.env, PATH: `${join(folder, 'bin')}:${process.env.PATH}` }
    await run('sh', [join(folder, 'example/credentials.sh')], { cwd: folder, env: environment })
  })

  afterEach(async () => {
    for (const child of running.splice(0).reverse()) {
      if (child.exitCode === null && child.kill('SIGKILL')) {
        await once(child, 'exit')
      }
    }
  })

  after(removeTemporaryDirectories)

  /** Starts what a container starts, and waits for its first line. */
  const start = async ([command = '', ...words]: string[], env: NodeJS.ProcessEnv): Promise<ChildProcess> => {
    const child = spawn(command, words, {
      cwd: folder,
      env: { ...environment, ...env },
      stdio: ['ignore', 'pipe', 'ignore']
    })
    running.push(child)
    await once(child.stdout!, 'data')
    return child
  }

  const relayAt = async (port: number, health: number): Promise<ChildProcess> => {
    const command = [...argumentsIn(image.get('ENTRYPOINT')!), ...argumentsIn(image.get('CMD')!)]
    const listen = ['--listen', `/ip4/127.0.0.1/tcp/${port}`, '--no-stun']
    const words = [...command.map((word) => word.replace('8080', String(health))), ...listen]
    return start(words, { NEXUS_CREDENTIAL: join(folder, 'relay.json') })
  }

  it('does not run as root, and copies what is there, and no credential', async () => {
    assert.equal(image.get('USER'), 'node')
    const names = (await instructions()).map(([name]) => name)
    assert.ok(names.indexOf('USER') > names.indexOf('RUN'))
    const ignored = await readFile(join(ROOT, '.dockerignore'), 'utf8')
    for (const line of ['/*.json', '**/*.jws', '**/*.db', '.nexus', '.git', '**/node_modules']) {
      assert.ok(ignored.split('\n').includes(line), line)
    }
  })

  it('is well when its relay is, and ends in order by the signal that it names', async () => {
    const port = await freePort()
    const health = await freePort()
    const relay = await relayAt(port, health)
    const check = image.get('HEALTHCHECK')!
    const isWell = (at: number): Promise<boolean> => {
      const [command = '', ...words] = argumentsIn(check).map((word) => word.replace('8080', String(at)))
      return run(command, words, { env: environment }).then(
        () => true,
        () => false
      )
    }
    await until(() => isWell(health), 'the relay is well', 20_000)
    assert.equal(await isWell(await freePort()), false)
    relay.kill(image.get('STOPSIGNAL') as NodeJS.Signals)
    assert.deepEqual(await once(relay, 'exit'), [0, null])
  })

  it('carries the example: both workers answer the caller, and end in order', async () => {
    const port = await freePort()
    await relayAt(port, await freePort())
    const envOf = ({ environment: env = {} }: Service): NodeJS.ProcessEnv => ({
      NEXUS_CREDENTIAL: env.NEXUS_CREDENTIAL!.replace('/data', folder),
      NEXUS_BOOTSTRAP: env.NEXUS_BOOTSTRAP!.replace('/dns4/relay/tcp/9700', `/ip4/127.0.0.1/tcp/${port}`)
    })
    const { worker1, worker2, caller } = services
    const workers = await Promise.all([worker1!, worker2!].map((one) => start(one.entrypoint!, envOf(one))))
    const [command = '', ...words] = caller!.entrypoint!
    const { stdout } = await run(command, words, { cwd: folder, env: { ...environment, ...envOf(caller!) } })
    assert.equal(stdout, 'answered: worker1, worker2\n')

    for (const worker of workers) {
      worker.kill('SIGTERM')
      assert.deepEqual(await once(worker, 'exit'), [0, null])
    }
  })

  it('is composed so that nobody starts before what it needs', () => {
    for (const name of ['worker1', 'worker2', 'caller']) {
      assert.equal(services[name]!.depends_on!.relay!.condition, 'service_healthy')
      assert.equal(services[name]!.healthcheck!.disable, true)
    }
    assert.equal(services.relay!.depends_on!.credentials!.condition, 'service_completed_successfully')
    assert.equal(services.relay!.healthcheck, undefined)
  })

  const inDocker = hasDocker ? it : it.skip
  inDocker('is built by Docker, and its example answers', async function () {
    this.timeout(600_000)
    const compose = (...words: string[]): Promise<{ stdout: string }> =>
      run('docker', ['compose', ...words], { cwd: EXAMPLE, maxBuffer: 64 * 1024 * 1024 })

    try {
      const { stdout } = await compose('up', '--build', '--abort-on-container-exit', '--exit-code-from', 'caller')
      assert.match(stdout, /answered: worker1, worker2/)
    } finally {
      await compose('down', '--volumes', '--rmi', 'local')
    }
  })
})
