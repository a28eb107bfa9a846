/** One side of a comparison, in a process of its own: the server of a kind, or its client. */
import { kindOf } from './calls/kinds.ts'
import { MissingPeer } from './peers/install.ts'
import type { Sample } from './row.ts'
import { rowOf } from './rows.ts'

export type Order =
  | { do: 'serve'; kind: string }
  | { do: 'measure'; kind: string; row: string; address: string; seconds: number }

export type Answer =
  | { began: true }
  | { address: string }
  | { sample: Sample | undefined }
  | { missing: string }
  | { failed: string }

async function run(order: Order): Promise<Answer> {
  const kind = kindOf(order.kind)

  if (order.do === 'serve') {
    return { address: await kind.serve() }
  }
  const { seconds } = order
  const onBegin = (): void => void process.send?.({ began: true } satisfies Answer)
  return { sample: await rowOf(order.row).measure(kind, order.address, { seconds, onBegin }) }
}

process.on('message', async (order: Order) => {
  const answer = await run(order).catch((error: unknown): Answer => {
    return error instanceof MissingPeer ? { missing: error.message } : { failed: String(error) }
  })
  process.send?.(answer)
})
