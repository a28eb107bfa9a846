import { NexusError } from '../../errors.ts'
import { openCredential } from '../../identity/credential.ts'
import { readCredentialFile } from '../../node/runtime/credential-file.ts'
import { type Checked, runChecks } from './check.ts'
import { ConformNode } from './conform-node.ts'
import { GATE_CHECKS } from './gate-checks.ts'
import { SESSION_CHECKS } from './session-checks.ts'

export interface CheckPeerInit {
  /** The path of the credential of the one who checks. */
  credential: string
  /** The multiaddr of the peer. */
  address: string
  /** Told of each rule as soon as it was tried. */
  onChecked: (checked: Checked) => void
  signal: AbortSignal
}

/**
 * Tries all rules at a peer. Rejects with `INVALID` for an address that is none, and with `REFUSED`, `BUSY` or
 * `UNREACHABLE` when it lets nobody in.
 */
export async function checkPeer({ credential, address, onChecked, signal }: CheckPeerInit): Promise<Checked[]> {
  const opened = await openCredential(await readCredentialFile(credential), { clock: Date.now })
  const node = nodeFor(opened, address)

  try {
    await node.start()
    return await runChecks(node, [...GATE_CHECKS, ...SESSION_CHECKS], onChecked, signal)
  } finally {
    await node.stop()
  }
}

function nodeFor(opened: Awaited<ReturnType<typeof openCredential>>, address: string): ConformNode {
  try {
    return new ConformNode(opened, address)
  } catch (cause) {
    throw new NexusError('INVALID', `not a multiaddr: ${address}`, { cause })
  }
}
