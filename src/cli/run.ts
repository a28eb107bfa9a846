import { CommanderError } from 'commander'
import { EXIT, exitCodeOf } from './exit-codes.ts'
import { Output } from './output.ts'
import { createProgram } from './program.ts'

/** Runs one command line (without the program's name). Gives the exit code; never rejects. */
export async function run(args: string[]): Promise<number> {
  let exitCode: number = EXIT.OK
  const program = createProgram((code) => {
    exitCode = code
  })

  try {
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    const isUsage = error instanceof CommanderError

    if (isUsage && (error.exitCode === 0 || error.code === 'commander.help')) {
      return error.exitCode === 0 ? EXIT.OK : EXIT.USAGE
    }

    new Output({ json: args.includes('--json'), verbose: args.includes('--verbose') }).failure(error)
    return isUsage ? EXIT.USAGE : exitCodeOf(error)
  }
}
