/**
 * How honest clients fare beside attacks: 20 of them, each with 5 calls and 5 messages a second, without and with each
 * attack. `npm run attacks -- --help`
 */
import { parseArgs } from 'node:util'
import { type AttackReport, HONEST_CLIENTS, runAttack } from './support/attack-mesh.ts'
import { ATTACKS, type AttackName } from './support/attacks.ts'
import type { Figures } from './support/figures.ts'

/** So that all of them take some 5 min. */
const DEFAULT_SECONDS = 20
const MIB = 2 ** 20
const HEADER = ['attack', 'calls p50', 'p99', 'lost', 'messages p50', 'p99', 'lost', 'CPU %', 'relay MiB', 'worker MiB']
const HELP = `usage: npm run attacks -- [--seconds <n>] [--json] [<attack> ...]

${HONEST_CLIENTS} honest clients call and publish for so many seconds beside each attack (default: ${DEFAULT_SECONDS} s, all attacks),
and before it for half of that. Times in ms, "without -> with" the attack; processor time of all but the attacker, in %
of one core; memory before -> at most.

${Object.entries(ATTACKS)
  .map(([name, { what }]) => `  ${name.padEnd(18)} ${what}`)
  .join('\n')}
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: String(DEFAULT_SECONDS) },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false }
  }
})
const seconds = Number(values.seconds)
const unknown = positionals.find((name) => !Object.hasOwn(ATTACKS, name))

if (values.help) {
  process.stdout.write(HELP)
} else if (unknown !== undefined || !(seconds > 0)) {
  process.stderr.write(
    `${unknown === undefined ? 'expected a number of seconds' : `no such attack: ${unknown}`}\n${HELP}`
  )
  process.exitCode = 2
} else {
  await run(positionals.length > 0 ? (positionals as AttackName[]) : (Object.keys(ATTACKS) as AttackName[]))
}

async function run(names: AttackName[]): Promise<void> {
  const reports: AttackReport[] = []

  for (const name of names) {
    process.stderr.write(`${name}: ${ATTACKS[name].what} ...\n`)
    const report = await runAttack(name, { ms: seconds * 1_000 })
    reports.push(report)
    process.stderr.write(`  the attacker: ${report.progress}\n`)

    for (const failure of [...report.beside.calls.failures, ...report.beside.messages.failures]) {
      process.stderr.write(`  ${failure}\n`)
    }
  }
  process.stdout.write(values.json ? `${JSON.stringify(reports)}\n` : table(reports))
}

function table(reports: AttackReport[]): string {
  const rows = [HEADER, ...reports.map(rowOf)]
  const widths = HEADER.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const line = (row: string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd()
  return rows.map((row) => `${line(row)}\n`).join('')
}

function rowOf({ name, without, beside, relay, worker }: AttackReport): string[] {
  return [
    name,
    ...cells(without.calls, beside.calls),
    ...cells(without.messages, beside.messages),
    `${without.cpu.toFixed(0)} -> ${beside.cpu.toFixed(0)}`,
    memory(relay),
    memory(worker)
  ]
}

function cells(without: Figures, beside: Figures): string[] {
  const times = (of: (figures: Figures) => number): string => `${ms(of(without))} -> ${ms(of(beside))}`
  return [times(({ p50 }) => p50), times(({ p99 }) => p99), `${without.lost} -> ${beside.lost}`]
}

function ms(value: number): string {
  return Number.isNaN(value) ? '-' : value.toFixed(value < 10 ? 1 : 0)
}

function memory({ before, most }: { before: number; most: number }): string {
  return `${Math.round(before / MIB)} -> ${Math.round(most / MIB)}`
}
