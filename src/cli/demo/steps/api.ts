import type { Identity } from '../../../types.ts'
import { SERVICE } from '../members.ts'
import type { Step } from '../step.ts'
import { check, checkEqual } from '../step-failure.ts'

/** What the workers of the demo answer to `multiply`. */
export interface Product {
  code: number
  result: number
  /** The caller as the worker saw it. */
  caller: Identity
  /** The peer id of the worker. */
  worker: string
}

export const api: Step = {
  name: 'api',
  title: 'the caller calls a command, and the worker sees who calls',
  async run(mesh, signal) {
    const { caller } = mesh
    const reply = await caller.api<Product>({ app: SERVICE, cmd: 'multiply', body: { a: 6, b: 7 }, signal })
    checkEqual([reply.code, reply.result], [0, 42], 'the answer is wrong')
    checkEqual(reply.caller, caller.identity, 'the worker saw another caller')
    check(
      mesh.workers.some(({ identity }) => identity.peerId === reply.worker),
      `${reply.worker} is none of the workers`
    )
    return { detail: `6 * 7 = ${reply.result}; the worker saw ${reply.caller.jid}`, data: { reply } }
  }
}
