// A network from nothing: an authority service, a relay, and three workers, one of them in Python, that are told
// nothing but where the service is and a secret. Ends when each has greeted both others.
//
//     node three-workers.js
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const NEXUS = fileURLToPath(new URL('bin/nexus.js', import.meta.resolve('nexus-mesh/package.json')))
const WORKERS = ['worker.js', 'worker.js', 'worker.py'].map((file) => join(import.meta.dirname, file))
const folder = mkdtempSync(join(tmpdir(), 'nexus-authority-'))
const running = []

try {
  await main()
} finally {
  await Promise.all(running.map(end))
  rmSync(folder, { recursive: true, force: true })
}

async function main() {
  nexus('init --network mesh.example')
  nexus('issue --app mesh --uid operator --role owner --block relay --resource relay --out relay.json')
  const relay = start(process.execPath, [NEXUS, ...words('relay --credential relay.json --json')], {}, [
    '--listen',
    '/ip4/127.0.0.1/tcp/0'
  ])
  const { addresses } = JSON.parse(await relay.line(/^{/))
  const serve = words('authority serve --port 0 --json --bootstrap')
  const service = start(process.execPath, [NEXUS, ...serve, addresses.join(',')])
  const { origin } = JSON.parse(await service.line(/^{/))
  const operator = { NEXUS_AUTHORITY: origin, NEXUS_ADMIN_TOKEN: nexus('token').token }
  nexus('admin app etest --owner anna', operator)
  const { secret } = nexus('admin secret etest --uid anna --kind service', operator)

  const told = { NEXUS_AUTHORITY: origin, SERVICE_SECRET: secret }
  const workers = WORKERS.map((file) => start(file.endsWith('.py') ? 'python3' : process.execPath, [file], told))
  await Promise.all(workers.map((worker) => worker.line(/^ready /)))
  await Promise.all(workers.flatMap((worker) => [worker.line(/^answered: /), worker.line(/^answered: /, 2)]))
  console.log('three workers have greeted each other')
}

/** Runs a command of the authority, and gives what it answers. */
function nexus(command, env = {}) {
  const args = [NEXUS, 'authority', ...words(command), '--json']
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, env: { ...process.env, ...env } })

  if (status !== 0) {
    throw new Error(`nexus authority ${command}: ${stderr}`)
  }

  return JSON.parse(String(stdout))
}

/** Starts a program that runs until it is ended, and shows what it prints. */
function start(program, args, env = {}, more = []) {
  const options = { cwd: folder, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] }
  const child = spawn(program, [...args, ...more], options)
  const lines = []
  const waiting = new Set()
  const look = () => waiting.forEach((check) => void check())
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    console.log(`${child.pid}: ${line}`)
    look()
  })
  child.on('exit', look)
  running.push(child)

  /** The `count`th line that matches. */
  const line = (pattern, count = 1) =>
    new Promise((resolve, reject) => {
      const check = () => {
        const found = lines.filter((text) => pattern.test(text))[count - 1]
        if (found !== undefined) {
          resolve(found)
        } else if (child.exitCode !== null) {
          reject(new Error(`${args.join(' ')} has ended`))
        }
      }
      waiting.add(check)
      check()
    })
  return { line }
}

async function end(child) {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await exited
  }
}

function words(text) {
  return text.split(' ')
}
