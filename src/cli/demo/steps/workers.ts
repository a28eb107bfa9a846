import type { Identity } from '../../../types.ts'
import type { DemoMesh, RunningWorker } from '../demo-mesh.ts'
import { SERVICE } from '../members.ts'
import { type Participant, WORKERS } from '../participants.ts'
import type { Step } from '../step.ts'
import { check } from '../step-failure.ts'

export const workers: Step = {
  name: 'workers',
  title: 'three workers of two users start, each in a process of its own',
  async run(mesh, signal) {
    mesh.workers = await Promise.all(WORKERS.map((participant) => startWorker(participant, mesh, signal)))
    const users = new Set(mesh.workers.map(({ identity }) => identity.uid))
    check(
      mesh.workers.every(({ identity }) => identity.app === SERVICE),
      `not all workers are of the app ${SERVICE}`
    )
    return {
      detail: `${mesh.workers.length} workers of ${users.size} users serve the app ${SERVICE}`,
      lines: mesh.workers.map(({ identity, child }) => `${identity.jid}, process ${child.pid}`),
      data: { workers: mesh.workers.map(({ identity, child }) => ({ pid: child.pid, ...identity })) }
    }
  }
}

async function startWorker(participant: Participant, mesh: DemoMesh, signal: AbortSignal): Promise<RunningWorker> {
  const child = mesh.start(participant)
  const ready = await child.waitFor(({ event }) => event === 'ready', signal)
  const { event: _event, addresses, ...identity } = ready
  return { participant, child, identity: identity as unknown as Identity, addresses: addresses as string[] }
}
