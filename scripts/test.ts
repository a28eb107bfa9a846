/**
 * Runs the specs: those that are named, or all. Files run beside each other, and what every process loads is compiled
 * once. Further arguments are mocha's, as `--grep text`, or `--no-parallel`.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The folders of `test/` whose specs start no process: many and short, so they come last and fill both cores to the end. */
const SHORT = 'identity|lib|node|protocols'
const ALL = ['test/*.spec.ts', `test/!(${SHORT})/**/*.spec.ts`, `test/@(${SHORT})/**/*.spec.ts`]
/** Most of the specs wait for processes and timers, so a few more than there are cores keep these busy. */
const JOBS = 3
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

const given = process.argv.slice(2)
const specs = given.some((argument) => argument.includes('.spec.')) ? [] : ALL
const cache = mkdtempSync(join(tmpdir(), 'nexus-compiled-'))
const child = spawn(
  process.execPath,
  [
    join(import.meta.dirname, '../node_modules/mocha/bin/mocha.js'),
    ...['--parallel', '--jobs', String(JOBS), '--reporter', './test/support/slowest-reporter.ts'],
    ...given,
    ...specs
  ],
  {
    cwd: join(import.meta.dirname, '..'),
    stdio: 'inherit',
    env: { NODE_COMPILE_CACHE: cache, ...process.env }
  }
)

for (const signal of FORWARDED) {
  process.on(signal, () => child.kill(signal))
}

const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
rmSync(cache, { recursive: true, force: true })
process.exitCode = signal === null ? (code ?? 1) : 1
