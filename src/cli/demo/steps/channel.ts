import { randomUUID } from 'node:crypto'
import type { ChildEvent } from '../child.ts'
import type { Step } from '../step.ts'
import { checkEqual } from '../step-failure.ts'

/** The channel that the workers of the demo follow. */
const CHANNEL = 'news'

export const channel: Step = {
  name: 'channel',
  title: 'a message on a channel reaches every worker, with its verified sender',
  async run(mesh, signal) {
    const { caller, workers } = mesh
    const body = { headline: 'hello, all', id: randomUUID() }
    const peers = await caller.publish(CHANNEL, body, { signal })
    const isMessage = ({ event, body: received }: ChildEvent): boolean =>
      event === 'channel' && (received as typeof body).id === body.id
    const received = await Promise.all(workers.map(({ child }) => child.waitFor(isMessage, signal)))

    for (const message of received) {
      checkEqual(message.body, body, 'a worker received another body')
      checkEqual(message.from, caller.identity, 'a worker saw another sender')
      checkEqual([message.itsMe, message.itsBro], [false, false], 'itsMe and itsBro are wrong')
    }

    return {
      detail: `one message, received by ${received.length} workers from ${caller.identity.jid}`,
      data: { channel: CHANNEL, receivers: received.length, peers }
    }
  }
}
