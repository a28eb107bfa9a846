import type { Command } from 'commander'
import type { ReceivedBody } from '../types.ts'
import { readBody } from './body.ts'
import { addMeshFlags, addTargetFlags, type MeshFlags, type TargetFlags, targetOf } from './flags.ts'
import { Output } from './output.ts'
import { withNexus } from './with-nexus.ts'

interface ApiFlags extends MeshFlags, TargetFlags {
  idempotent?: boolean
}

export function addApi(program: Command): void {
  const command = program
    .command('api')
    .description("call a worker's command and print its answer")
    .argument('<cmd>', 'the command')
    .argument('[body]', 'its body, as JSON; - reads it from stdin')
    .requiredOption('--app <app>', 'the app whose workers are meant')
    .option('--idempotent', 'the call may run twice: a lost one is tried again elsewhere')
    .addHelpText('after', '\nExample:\n  nexus api --app etest multiply \'{"a":6,"b":7}\'')
    .action(call)
  addMeshFlags(addTargetFlags(command))
}

async function call(cmd: string, argument: string | undefined, flags: ApiFlags): Promise<void> {
  const output = new Output(flags)
  const target = await targetOf(flags)
  await checkCommandName(cmd)
  const body = await readBody(argument)

  await withNexus(flags, output, async ({ nexus, signal, remainingMs }) => {
    const start = performance.now()
    const { idempotent } = flags
    const request = { ...target, cmd, body, idempotent, timeoutMs: remainingMs(), signal }
    const reply = await nexus.api<ReceivedBody>(request)
    const ms = Math.round((performance.now() - start) * 1000) / 1000

    if (!(reply instanceof Uint8Array)) {
      output.result({ reply, ms }, JSON.stringify(reply, null, 2))
    } else if (output.json) {
      output.result({ replyBase64: Buffer.from(reply).toString('base64'), ms }, '')
    } else {
      output.bytes(reply)
    }
  })
}

async function checkCommandName(cmd: string): Promise<void> {
  const server: typeof import('../protocols/call/api-server.ts') = await import('../protocols/call/api-server.ts')
  server.checkCommand(cmd)
}
