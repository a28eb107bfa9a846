import type { DemoReport } from './run-steps.ts'
import type { Step, StepReport } from './step.ts'

/** ANSI colour numbers. */
const GREEN = 32
const RED = 31
const DIM = 2
const BOLD = 1

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
    this.#line(this.#paint(BOLD, 'A Nexus mesh on this machine: one relay, three workers of two users, one caller.'))
    this.#line('')
  }

  step({ name, ok, ms, detail, lines = [] }: StepReport): void {
    const time = `${((performance.now() - this.#start) / 1000).toFixed(2).padStart(6)} s`
    const mark = ok ? this.#paint(GREEN, 'ok  ') : this.#paint(RED, 'FAIL')
    const took = this.#paint(DIM, `(${ms} ms)`)
    this.#line(
      `${this.#paint(DIM, time)}  ${mark}  ${this.#paint(BOLD, name.padEnd(this.#nameWidth))}  ${detail} ${took}`
    )

    for (const line of lines) {
      this.#line(`${' '.repeat(16 + this.#nameWidth)}${line}`)
    }
  }

  end({ steps }: DemoReport): void {
    const time = `${((performance.now() - this.#start) / 1000).toFixed(1)} s`
    this.#line('')
    this.#line(this.#paint(GREEN, `All ${steps.length} steps held, in ${time}.`))
  }

  commands(commands: readonly string[], url: string | undefined): void {
    this.#line('')
    this.#line(`It stays up. See it live: ${this.#paint(BOLD, url ?? '')}`)
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

  #paint(colour: number, text: string): string {
    return this.#colours ? `\u001b[${colour}m${text}\u001b[0m` : text
  }
}
