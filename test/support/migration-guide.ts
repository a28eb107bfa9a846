import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const GUIDE = readFileSync(join(import.meta.dirname, '../../docs/MIGRATION.md'), 'utf8')

/** A line of a table of docs/MIGRATION.md. */
export interface GuideRow {
  /** What the platform has. */
  name: string
  code: string
  /** What the code gives, where the guide says so: objects may have more members. */
  gives?: unknown
}

/** The tables by the headings above them. */
export function migrationTables(): Map<string, GuideRow[]> {
  const sections = GUIDE.split(/^## /m).slice(1)
  const tables = sections.map((section): [string, GuideRow[]] => {
    const lines = section.split('\n').filter((line) => line.startsWith('|'))
    return [section.slice(0, section.indexOf('\n')), lines.slice(2).map(rowOf)]
  })
  return new Map(tables.filter(([, rows]) => rows.length > 0))
}

function rowOf(line: string): GuideRow {
  const [, name = '', code, gives] = /^\| (.*?) \| `([^`]+)` \| (?:`([^`]+)` )?\| .*\|$/.exec(line) ?? []

  if (code === undefined) {
    throw new Error(`a line of the guide has no code that can be run: ${line}`)
  }

  return { name, code, ...(gives === undefined ? {} : { gives: JSON.parse(gives) }) }
}
