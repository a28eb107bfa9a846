import { styleText } from 'node:util'
import type { DemoReport } from './run-steps.ts'
import type { Step, StepReport } from './step.ts'

type Style = Parameters<typeof styleText>[0]

/** Shows the steps of the demo as they happen. Coloured on a terminal, unless `NO_COLOR` is set. */
export class DemoPrinter {
  readonly #stream: NodeJS.WriteStream
  readonly #start = performance.now()
  readonly #colours: boolean
  #nameWidth = 0

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
    this.#colours = stream.isTTY === true && !process.env.NO_COLOR
  }

  title(steps: readonly Step[]): void {
    this.#nameWidth = Math.max(...steps.map(({ name }) => name.length))
    this.#line(this.#paint('bold', 'A Nexus mesh on this machine: one relay, three workers of two users, one caller.'))
    this.#line('')
  }

  step({ name, ok, ms, detail, lines = [] }: StepReport): void {
    const time = `${((performance.now() - this.#start) / 1000).toFixed(2).padStart(6)} s`
    const mark = ok ? this.#paint('green', 'ok  ') : this.#paint('red', 'FAIL')
    const took = this.#paint('dim', `(${ms} ms)`)
    this.#line(
      `${this.#paint('dim', time)}  ${mark}  ${this.#paint('bold', name.padEnd(this.#nameWidth))}  ${detail} ${took}`
    )

    for (const line of lines) {
      this.#line(`${' '.repeat(16 + this.#nameWidth)}${line}`)
    }
  }

  end({ steps }: DemoReport): void {
    const time = `${((performance.now() - this.#start) / 1000).toFixed(1)} s`
    this.#line('')
    this.#line(this.#paint('green', `All ${steps.length} steps held, in ${time}.`))
  }

  commands(commands: readonly string[], url: string | undefined): void {
    this.#line('')
    this.#line(`It stays up. See it live: ${this.#paint('bold', url ?? '')}`)
    this.#line('')
    this.#line('Or try in another terminal:')
    this.#line('')

    for (const command of commands) {
      this.#line(`  ${command}`)
    }

    this.#line('')
    this.#line('Ctrl-C ends it.')
  }

  #line(text: string): void {
    this.#stream.write(`${text}\n`)
  }

  #paint(style: Style, text: string): string {
    // Asked by itself, `styleText` would also colour pipes, and forget NO_COLOR, when FORCE_COLOR is set.
    return this.#colours ? styleText(style, text, { validateStream: false }) : text
  }
}
