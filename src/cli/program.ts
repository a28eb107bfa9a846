import type { Command } from 'commander'
import { addApi } from './api.ts'
import { addAuthority } from './authority.ts'
import { addConform } from './conform.ts'
import { addDemo } from './demo.ts'
import { addDev } from './dev.ts'
import { addDirect } from './direct.ts'
import { EXIT_CODES_HELP, type SetExitCode } from './exit-codes.ts'
import { addFind } from './find.ts'
import { addGrantOfOwner } from './grant.ts'
import { OneLineCommand } from './one-line-command.ts'
import { packageVersion } from './package-files.ts'
import { addPing } from './ping.ts'
import { addPub } from './pub.ts'
import { addRelay } from './relay.ts'
import { addSidecar } from './sidecar.ts'
import { addSub } from './sub.ts'
import { addWhoami } from './whoami.ts'

/** The whole command line. Its commands load what they need when they run, so that help comes at once. */
export function createProgram(setExitCode: SetExitCode): Command {
  const program = new OneLineCommand('nexus')
    .description('Blocks of many apps in one peer-to-peer mesh, each with a verified certificate.')
    .version(packageVersion())
    .exitOverride()
    .showSuggestionAfterError()
    // Every failure is reported in one place, `run`.
    .configureOutput({ outputError: () => undefined })
    .addHelpText(
      'after',
      `
Example:
  nexus demo                                   see it work on this machine
  nexus dev --app etest                        have a mesh to develop with
  nexus api --app etest multiply '{"a":6,"b":7}'

Commands that join the mesh take --credential (or NEXUS_CREDENTIAL) and --bootstrap (or NEXUS_BOOTSTRAP).
${EXIT_CODES_HELP}`
    )

  addAuthority(program)
  addRelay(program)
  addWhoami(program)
  addGrantOfOwner(program)
  addFind(program, setExitCode)
  addApi(program)
  addDirect(program)
  addPub(program)
  addSub(program)
  addPing(program)
  addConform(program, setExitCode)
  addSidecar(program, setExitCode)
  addDemo(program, setExitCode)
  addDev(program)
  return program
}
