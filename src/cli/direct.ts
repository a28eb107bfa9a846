import type { Command } from 'commander'
import { readBody } from './body.ts'
import { addMeshFlags, addTargetFlags, type MeshFlags, type TargetFlags, targetOf } from './flags.ts'
import { Output } from './output.ts'
import { withNexus } from './with-nexus.ts'

export function addDirect(program: Command): void {
  const command = program
    .command('direct')
    .description('send a one-way message to one worker; done when its node has taken it')
    .argument('[body]', 'the message, as JSON; - reads it from stdin')
    .requiredOption('--app <app>', 'the app whose workers are meant')
    .addHelpText('after', '\nExample:\n  nexus direct --app etest --resource default \'{"hello":1}\'')
    .action(send)
  addMeshFlags(addTargetFlags(command))
}

async function send(argument: string | undefined, flags: MeshFlags & TargetFlags): Promise<void> {
  const output = new Output(flags)
  const target = await targetOf(flags)
  const body = await readBody(argument)

  await withNexus(flags, output, async ({ nexus, signal, remainingMs }) => {
    await nexus.direct({ ...target, body, timeoutMs: remainingMs(), signal })
    output.result({ taken: true }, 'taken')
  })
}
