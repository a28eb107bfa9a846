import { CommanderError } from 'commander'
import { NexusError } from '../errors.ts'
import { toError } from '../lib/to-error.ts'
import { Interrupted } from './interrupt.ts'

/** Where a command writes: results on stdout, everything else on stderr. */
export class Output {
  readonly json: boolean
  readonly #verbose: boolean

  constructor(flags: { json?: boolean; verbose?: boolean }) {
    this.json = flags.json === true
    this.#verbose = flags.verbose === true || Boolean(process.env.DEBUG)
  }

  /** The command's result: one JSON document in a line of its own with `--json`, else the text. */
  result(value: unknown, text: string): void {
    process.stdout.write(`${this.json ? JSON.stringify(value) : text}\n`)
  }

  /** Bytes as they are, for answers that are no JSON. */
  bytes(bytes: Uint8Array): void {
    process.stdout.write(bytes)
  }

  /** Something for people to read on the way. */
  note(text: string): void {
    process.stderr.write(`${text}\n`)
  }

  /** One line on stderr that says what went wrong; with `--json` also `{ error }` on stdout. */
  failure(error: unknown): void {
    const { code, reason, message, data } = describeFailure(error)
    const parts = ['nexus', code, reason, message, data === undefined ? undefined : JSON.stringify(data)].filter(
      (part) => part !== undefined
    )
    this.note(parts.join(': '))

    if (this.json) {
      process.stdout.write(`${JSON.stringify({ error: { code, reason, message, data } })}\n`)
    }

    if (this.#verbose && error instanceof Error) {
      this.note(describeCauses(error))
    }
  }
}

function describeFailure(error: unknown): { code: string; reason?: string; message: string; data?: unknown } {
  if (error instanceof NexusError) {
    return { code: error.code, reason: error.reason, message: oneLine(error.message), data: error.data }
  }

  if (error instanceof CommanderError) {
    return { code: 'INVALID', message: oneLine(error.message.replace(/^error: /, '')) }
  }

  const code = error instanceof Interrupted ? 'INTERRUPTED' : 'UNEXPECTED'
  return { code, message: oneLine(toError(error).message) }
}

function describeCauses(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by: ${describeCauses(error.cause)}` : ''
  return `${error.stack ?? String(error)}${cause}`
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ').trim()
}

/** Rows of text with their columns below each other. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column]!))).join('  ')
    )
    .join('\n')
}
