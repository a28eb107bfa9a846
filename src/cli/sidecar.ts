import type { Command } from 'commander'
import { packageVersion } from './package-version.ts'
import type { SetExitCode } from './program.ts'

export function addSidecar(program: Command, setExitCode: SetExitCode): void {
  program
    .command('sidecar')
    .description('run a block for a program in another language, which speaks the link on stdin and stdout')
    .addHelpText(
      'after',
      `
Not for people: the Python package starts it. The link is described in docs/PROTOCOL.md.`
    )
    .action(async () => {
      const { runSidecar } = await import('../sidecar/sidecar.ts')
      setExitCode(await runSidecar(packageVersion(import.meta.dirname)))
    })
}
