import type { Command } from 'commander'
import type { WorkerInfo } from '../types.ts'
import { EXIT, type SetExitCode } from './exit-codes.ts'
import { addMeshFlags, addTargetFlags, type MeshFlags, type TargetFlags, targetOf } from './flags.ts'
import { Output, table } from './output.ts'
import { withNexus } from './with-nexus.ts'

export function addFind(program: Command, setExitCode: SetExitCode): void {
  const command = program
    .command('find')
    .description('list the live workers of an app; exits with 3 when there are none')
    .requiredOption('--app <app>', 'the app whose workers are meant')
    .addHelpText('after', '\nExample:\n  nexus find --app etest --ownership owner')
    .action(async (flags: MeshFlags & TargetFlags) => setExitCode(await find(flags)))
  addMeshFlags(addTargetFlags(command))
}

async function find(flags: MeshFlags & TargetFlags): Promise<number> {
  const output = new Output(flags)
  const target = await targetOf(flags)
  const workers = await withNexus(flags, output, ({ nexus, signal, remainingMs }) =>
    nexus.find({ ...target, timeoutMs: remainingMs(), signal })
  )

  if (workers.length > 0 || output.json) {
    output.result(workers, listing(workers))
  }

  if (workers.length === 0) {
    output.note(`nexus: NO_WORKER: nobody serves the app '${flags.app}' now`)
  }

  return workers.length === 0 ? EXIT.NO_WORKER : EXIT.OK
}

function listing(workers: WorkerInfo[]): string {
  return table([['JID', 'PEER ID'], ...workers.map(({ jid, peerId }) => [jid, peerId])])
}
