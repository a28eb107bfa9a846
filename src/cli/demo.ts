import type { Command } from 'commander'
import type { DemoMesh } from './demo/demo-mesh.ts'
import { EXIT, type SetExitCode } from './exit-codes.ts'
import { addCommonFlags, type CommonFlags } from './flags.ts'
import { aborted, Interrupted, interruptible } from './interrupt.ts'
import { Output } from './output.ts'

interface DemoFlags extends CommonFlags {
  once?: boolean
}

export function addDemo(program: Command, setExitCode: SetExitCode): void {
  const command = program
    .command('demo')
    .description('start a small mesh on this machine, use all of it, and show each step')
    .option('--once', 'end after the steps: 0 when all held, 1 with the step that did not')
    .addHelpText(
      'after',
      `
Without --once it stays up and prints the commands to try in another terminal.
With --json the steps are { ok, steps: [{ name, ok, ms, detail, lines, data }] }; the lines are
further detail, after a failure what the processes of the demo said last.

Example:
  nexus demo --once`
    )
    .action(async (flags: DemoFlags) => setExitCode(await demo(flags)))
  addCommonFlags(command)
}

async function demo(flags: DemoFlags): Promise<number> {
  const { DemoMesh } = await import('./demo/demo-mesh.ts')

  try {
    return await interruptible(async (signal) => {
      const mesh = await DemoMesh.open(signal)

      try {
        return await perform(mesh, flags)
      } finally {
        await mesh.close()
      }
    })
  } catch (error) {
    if (error instanceof Interrupted && flags.once !== true) {
      return EXIT.OK
    }

    throw error
  }
}

async function perform(mesh: DemoMesh, flags: DemoFlags): Promise<number> {
  const output = new Output(flags)
  const { DemoPrinter } = await import('./demo/printer.ts')
  const { runSteps } = await import('./demo/run-steps.ts')
  const { STEPS } = await import('./demo/steps.ts')
  // With --json stdout is for the result alone.
  const printer = new DemoPrinter(output.json ? process.stderr : process.stdout)
  printer.title(STEPS)
  const report = await runSteps(STEPS, mesh, (step) => printer.step(step))
  const commands = report.ok && flags.once !== true ? mesh.commandsToTry() : undefined

  if (output.json) {
    output.result({ ...report, try: commands }, '')
  }

  if (!report.ok) {
    const last = report.steps.at(-1)
    output.note(`nexus: the step '${last?.name}' did not hold: ${last?.detail}`)
    return EXIT.UNEXPECTED
  }

  printer.end(report)

  if (commands !== undefined) {
    printer.commands(commands, mesh.page?.url)
    await aborted(mesh.signal)
  }

  return EXIT.OK
}
