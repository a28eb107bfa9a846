/** The reporter `spec`, which also prints the slowest specs at the end. */
import Mocha from 'mocha'

const SHOWN = 10
const { EVENT_TEST_PASS, EVENT_TEST_FAIL } = Mocha.Runner.constants

class SlowestReporter extends Mocha.reporters.Spec {
  readonly #tests: Mocha.Test[] = []

  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options)

    for (const event of [EVENT_TEST_PASS, EVENT_TEST_FAIL]) {
      runner.on(event, (test) => void this.#tests.push(test))
    }
  }

  override epilogue(): void {
    super.epilogue()
    const slowest = this.#tests.toSorted((one, other) => durationOf(other) - durationOf(one)).slice(0, SHOWN)
    console.log(`  The ${slowest.length} slowest of ${this.#tests.length} specs:\n`)

    for (const test of slowest) {
      console.log(`  ${(durationOf(test) / 1000).toFixed(1).padStart(6)} s  ${test.fullTitle()}`)
    }

    console.log()
  }
}

function durationOf({ duration = 0 }: Mocha.Test): number {
  return duration
}

// Mocha takes its reporter with `require`.
export { SlowestReporter as 'module.exports' }
