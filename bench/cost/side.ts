/** A process whose start and rest are measured: a server of calls, a client, or nothing at all. */
import { callKindOf } from '../calls/kinds.ts'
import { checked, TEXT } from '../calls/load.ts'
import { answerOrders } from '../side-process.ts'

export type Order =
  | { do: 'nothing' }
  | { do: 'serve'; kind: string }
  /** Makes a client and its first call. */
  | { do: 'call'; kind: string; address: string }

answerOrders<Order>(async (order) => {
  if (order.do === 'nothing') {
    return
  }
  const kind = await callKindOf(order.kind)

  if (order.do === 'serve') {
    return kind.serve(undefined)
  }
  const { call } = await kind.open(order.address)
  await checked(call, TEXT)()
})
