import type { Command } from 'commander'
import type { SetExitCode } from './exit-codes.ts'
import { packageVersion } from './package-files.ts'

export function addSidecar(program: Command, setExitCode: SetExitCode): void {
  program
    .command('sidecar')
    .description('run a block for a program in another language, which speaks the link on stdin and stdout')
    .addHelpText(
      'after',
      `
Not for people: the Python package starts it, and tells it over the link which credential to use. The link is described
in docs/PROTOCOL.md. Its own exit codes:
  0  the program has ended, or said stop; SIGINT, SIGTERM and SIGHUP alone do not end it
  1  the block could not start, stdin is a terminal, or stdout no pipe
  2  what the program sent is no frame; also wrong usage
  3  the two speak different versions, or hello could not be read

Example:
  nexus sidecar 2>sidecar.log       (its stdin and stdout are pipes to the program)`
    )
    .action(async () => {
      const { runSidecar } = await import('../sidecar/sidecar.ts')
      setExitCode(await runSidecar(packageVersion()))
    })
}
