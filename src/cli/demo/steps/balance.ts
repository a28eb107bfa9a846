import type { DemoMesh } from '../demo-mesh.ts'
import { SERVICE } from '../members.ts'
import type { Step } from '../step.ts'
import { check, checkEqual } from '../step-failure.ts'
import type { Product } from './api.ts'

const CALLS = 300
const IN_FLIGHT = 16

export const balance: Step = {
  name: 'balance',
  title: 'many calls without a target are shared among the workers',
  async run(mesh, signal) {
    const start = performance.now()
    const counts = await callMany(mesh, signal)
    const seconds = (performance.now() - start) / 1000
    const shares = mesh.workers.map(({ identity }) => ({ jid: identity.jid, calls: counts.get(identity.peerId) ?? 0 }))
    const total = shares.reduce((sum, { calls }) => sum + calls, 0)
    checkEqual(total, CALLS, 'not every call was answered by one of the workers')

    for (const { jid, calls } of shares) {
      // How many depends on how busy its processor is: a slow worker is given fewer.
      check(calls > 0, `${jid} got none of ${CALLS} calls`)
    }

    return {
      detail: `${CALLS} calls, ${Math.round(CALLS / seconds)} a second`,
      lines: shares.map(({ jid, calls }) => `${String(calls).padStart(4)}  ${jid}`),
      data: { calls: CALLS, workers: shares }
    }
  }
}

/** Calls, `IN_FLIGHT` at a time. Gives the number of answers by the worker's peer id. */
async function callMany({ caller }: DemoMesh, signal: AbortSignal): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  let next = 0

  const callOn = async (): Promise<void> => {
    while (next < CALLS) {
      const a = next++
      const { result, worker } = await caller.api<Product>({ app: SERVICE, cmd: 'multiply', body: { a, b: 3 }, signal })
      checkEqual(result, a * 3, 'an answer is wrong')
      counts.set(worker, (counts.get(worker) ?? 0) + 1)
    }
  }

  await Promise.all(Array.from({ length: IN_FLIGHT }, callOn))
  return counts
}
