import { randomUUID } from 'node:crypto'
import type { ChildEvent } from '../child.ts'
import { SERVICE } from '../members.ts'
import type { Step } from '../step.ts'
import { check, checkEqual } from '../step-failure.ts'

export const direct: Step = {
  name: 'direct',
  title: 'a direct reaches the one worker that it is for',
  async run(mesh, signal) {
    const { caller, workers } = mesh
    const body = { note: 'for you alone', id: randomUUID() }
    const target = workers.at(-1)
    check(target !== undefined, 'there is no worker')
    const { jid } = target.identity
    await caller.direct({ app: SERVICE, jid, body, signal })
    const isMessage = ({ event, body: received }: ChildEvent): boolean =>
      event === 'direct' && (received as typeof body).id === body.id
    const message = await target.child.waitFor(isMessage, signal)
    checkEqual(message.body, body, 'the worker received another body')
    checkEqual(message.from, caller.identity, 'the worker saw another sender')
    const others = workers.filter((worker) => worker !== target && worker.child.events('direct').length > 0)
    checkEqual(
      others.map(({ identity }) => identity.jid),
      [],
      'others received it too'
    )
    return { detail: `taken by ${jid} and no other`, data: { to: jid, from: message.from } }
  }
}
