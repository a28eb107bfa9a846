import { reasonOf } from '../../lib/reason-of.ts'
import { Broken } from './broken.ts'
import type { ConformNode } from './conform-node.ts'

/** What a peer must do by docs/PROTOCOL.md. */
export interface Check {
  /** The heading there. */
  rule: string
  name: string
  /** Rejects with `Broken` when the peer breaks the rule. */
  run: (node: ConformNode) => Promise<void>
}

export interface Checked {
  rule: string
  name: string
  /** What was seen in place of what must be; absent when the peer keeps the rule. */
  broken?: string
}

/** Runs the checks, one after the other. Rejects with `UNREACHABLE` or `REFUSED` when the peer lets nobody in. */
export async function runChecks(
  node: ConformNode,
  checks: readonly Check[],
  onChecked: (checked: Checked) => void,
  signal: AbortSignal
): Promise<Checked[]> {
  await node.connect()
  const all: Checked[] = []

  for (const { rule, name, run } of checks) {
    signal.throwIfAborted()
    const broken = await run(node).then(
      () => undefined,
      (error: unknown) => (error instanceof Broken ? error.message : `it could not be tried: ${reasonOf(error)}`)
    )
    const checked = { rule, name, ...(broken === undefined ? {} : { broken }) }
    all.push(checked)
    onChecked(checked)
  }

  return all
}
