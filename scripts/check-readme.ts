/**
 * Runs what README.md shows: makes the credentials with its commands, starts its relay, and compiles and runs its
 * programs against it, each in a process of its own. Only the port differs: the programs import the package by its
 * name, built as it is published.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from '../test/support/free-port.ts'

const ROOT = join(import.meta.dirname, '..')
const NEXUS = join(ROOT, 'bin/nexus.js')
/** Where README's relay listens. */
const ADDRESS = '/ip4/127.0.0.1/tcp/9700'
const TIMEOUT_MS = 30_000

const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
const folder = mkdtempSync(join(ROOT, '.readme-'))
const running = new Set<ChildProcess>()

try {
  await main()
  console.log('README.md: its commands and programs run')
} finally {
  for (const child of running) {
    child.kill('SIGKILL')
  }
  rmSync(folder, { recursive: true })
}

async function main(): Promise<void> {
  execFileSync(process.execPath, [join(ROOT, 'scripts/build.ts')], { stdio: 'inherit' })
  const address = `/ip4/127.0.0.1/tcp/${await freePort()}`
  const programs = blocks('ts').map((text, index) => {
    const file = join(folder, `program${index}.ts`)
    writeFileSync(file, text.replaceAll(ADDRESS, address))
    return { file, text }
  })
  compile(programs.map(({ file }) => file))

  for (const command of commands('npx nexus authority ')) {
    execFileSync(process.execPath, [NEXUS, ...words(command)], { cwd: folder, stdio: 'pipe' })
  }

  const [relay] = commands('npx nexus relay ')
  await started([NEXUS, ...words(relay ?? ''), '--listen', address, '--json'], 'the relay')
  const worker = programs.find(({ text }) => text.startsWith('// worker.ts')) ?? fail('README.md has no worker.ts')
  await started([hold(worker.file)], 'the worker')

  // What runs in a page is compiled here, and run by the tests in a browser.
  const others = programs.filter((program) => program !== worker && !program.text.includes("'nexus-mesh/page'"))

  for (const { file, text } of others) {
    check(text, await output([file]))
  }

  for (const command of commands('npx nexus api ')) {
    check('42', await output([NEXUS, ...words(command.replaceAll(ADDRESS, address))]))
  }
}

function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, text]) => text ?? '')
}

function commands(prefix: string): string[] {
  const lines = blocks('sh').flatMap((text) => text.split('\n'))
  return lines.filter((line) => line.startsWith(prefix)).map((line) => line.slice('npx nexus '.length))
}

/** A command's words, as a shell takes them apart. */
function words(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
}

function compile(files: string[]): void {
  const options = { extends: '../tsconfig.json', compilerOptions: { noUnusedLocals: false }, include: ['*.ts'] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(options))
  execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', folder], { stdio: 'inherit' })
  console.log(`README.md: ${files.length} programs compile`)
}

/** The worker, which says that it is ready, so that nobody calls it too early. */
function hold(file: string): string {
  const held = file.replace('.ts', '.held.ts')
  writeFileSync(held, `${readFileSync(file, 'utf8')}\nconsole.log('ready')\n`)
  return held
}

/** Starts a program that stays up, and waits for its first line. */
async function started(args: string[], what: string): Promise<void> {
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  running.add(child)
  const line = once(createInterface({ input: child.stdout }), 'line', { signal: AbortSignal.timeout(TIMEOUT_MS) })
  await Promise.race([line, once(child, 'exit').then(() => fail(`${what} of README.md ends at once`))])
}

async function output(args: string[]): Promise<string> {
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  running.add(child)
  let text = ''
  child.stdout.on('data', (chunk) => {
    text += chunk
  })
  const [code] = await once(child, 'exit', { signal: AbortSignal.timeout(TIMEOUT_MS) })
  running.delete(child)
  return code === 0 ? text : fail(`a program of README.md ends with ${code}: ${args.join(' ')}\n${text}`)
}

/** What a program prints is what the comment behind its `console.log` says. */
function check(text: string, printed: string): void {
  const [, expected] = /console\.log\(.*\) \/\/ (\{.*42.*\})$/m.exec(text) ?? []
  const flat = printed.replaceAll(/\s+/g, ' ').trim()

  if ((expected !== undefined && flat !== expected) || (text === '42' && !flat.includes('42'))) {
    fail(`README.md promises ${expected ?? text}, and the program prints ${flat}`)
  }
}

function fail(message: string): never {
  throw new Error(message)
}
