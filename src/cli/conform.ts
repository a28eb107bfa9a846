import type { Command } from 'commander'
import type { Checked } from './conform/check.ts'
import { EXIT, type SetExitCode } from './exit-codes.ts'
import { addCommonFlags, addCredentialFlag, type CommonFlags } from './flags.ts'
import { interruptible } from './interrupt.ts'
import { Output } from './output.ts'
import { requireCredential, warnOfCredential } from './with-nexus.ts'

export function addConform(program: Command, setExitCode: SetExitCode): void {
  const command = program
    .command('conform')
    .argument('<address>', 'the multiaddr of a block or relay: /ip4/127.0.0.1/tcp/9700')
    .description(
      'say odd things to a peer, and tell which rules of docs/PROTOCOL.md it breaks: for authors of other clients'
    )
    .addHelpText('after', '\nExample:\n  nexus conform /ip4/127.0.0.1/tcp/9700 --credential device.json')
    .action(async (address: string, flags: CommonFlags & { credential?: string }) => {
      const broken = await conform(address, flags)
      setExitCode(broken === 0 ? EXIT.OK : EXIT.UNEXPECTED)
    })
  addCommonFlags(addCredentialFlag(command))
}

/** Gives how many rules the peer breaks. */
async function conform(address: string, flags: CommonFlags & { credential?: string }): Promise<number> {
  const output = new Output(flags)
  const path = requireCredential(flags)
  await warnOfCredential(path, output)
  const { checkPeer } = await import('./conform/check-peer.ts')
  const show = ({ rule, name, broken }: Checked): void =>
    output.note(broken === undefined ? `ok      ${rule}: ${name}` : `BROKEN  ${rule}: ${name}: ${broken}`)
  const checked = await interruptible((signal) => checkPeer({ credential: path, address, onChecked: show, signal }))
  const broken = checked.filter((one) => one.broken !== undefined)
  const summary =
    broken.length === 0 ? `keeps all ${checked.length} rules` : `breaks ${broken.length} of ${checked.length} rules`
  output.result({ address, checked }, `${address} ${summary}`)
  return broken.length
}
