import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { DemoPrinter } from '../../../src/cli/demo/printer.ts'

const CODES = ['\u001b[31mFAIL\u001b[39m', '\u001b[1mjoin']
const NAMES = ['NO_COLOR', 'FORCE_COLOR', 'TERM'] as const

/** What is printed of a step that did not hold. */
function printed(isTTY: boolean, env: Partial<Record<(typeof NAMES)[number], string>>): string {
  const before = { ...process.env }
  const stream = Object.assign(new PassThrough(), { isTTY, getColorDepth: () => 8 })

  try {
    for (const name of NAMES) {
      delete process.env[name]
    }

    Object.assign(process.env, env)
    new DemoPrinter(stream as unknown as NodeJS.WriteStream).step({ name: 'join', ok: false, ms: 5, detail: 'late' })
    return String(stream.read())
  } finally {
    for (const name of NAMES) {
      delete process.env[name]

      if (before[name] !== undefined) {
        process.env[name] = before[name]
      }
    }
  }
}

describe('the steps of the demo, as they are printed', () => {
  it('are coloured on a terminal, also when NO_COLOR is empty', () => {
    for (const env of [{}, { NO_COLOR: '' }]) {
      for (const code of CODES) {
        assert.ok(printed(true, env).includes(code), JSON.stringify(printed(true, env)))
      }
    }
  })

  it('are plain on a terminal when NO_COLOR is set, whatever else is', () => {
    for (const env of [{ NO_COLOR: '1' }, { NO_COLOR: '1', FORCE_COLOR: '1' }]) {
      assert.match(printed(true, env), /^ +\d+\.\d\d s {2}FAIL {2}join {2}late \(5 ms\)\n$/)
    }
  })

  it('are plain in a pipe or a file, also when FORCE_COLOR is set', () => {
    for (const env of [{}, { FORCE_COLOR: '1' }]) {
      assert.match(printed(false, env), /^ +\d+\.\d\d s {2}FAIL {2}join {2}late \(5 ms\)\n$/)
    }
  })
})
