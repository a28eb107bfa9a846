import type { Identity } from '../../../types.ts'
import { SERVICE } from '../members.ts'
import { type Participant, WORKERS } from '../participants.ts'
import type { RunningWorker, Stage } from '../stage.ts'
import { check, type Step } from '../step.ts'

export const workers: Step = {
  name: 'workers',
  title: 'three workers of two users start, each in a process of its own',
  async run(stage, signal) {
    stage.workers = await Promise.all(WORKERS.map((participant) => startWorker(participant, stage, signal)))
    const users = new Set(stage.workers.map(({ identity }) => identity.uid))
    check(
      stage.workers.every(({ identity }) => identity.app === SERVICE),
      `not all workers are of the app ${SERVICE}`
    )
    return {
      detail: `${stage.workers.length} workers of ${users.size} users serve the app ${SERVICE}`,
      lines: stage.workers.map(({ identity, child }) => `${identity.jid}, process ${child.pid}`),
      data: { workers: stage.workers.map(({ identity, child }) => ({ pid: child.pid, ...identity })) }
    }
  }
}

async function startWorker(participant: Participant, stage: Stage, signal: AbortSignal): Promise<RunningWorker> {
  const child = stage.start(participant)
  const ready = await child.waitFor(({ event }) => event === 'ready', signal)
  const { event: _event, addresses, ...identity } = ready
  return { participant, child, identity: identity as unknown as Identity, addresses: addresses as string[] }
}
