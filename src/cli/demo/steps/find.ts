import { setTimeout as sleep } from 'node:timers/promises'
import type { WorkerInfo } from '../../../types.ts'
import type { DemoMesh } from '../demo-mesh.ts'
import { SERVICE } from '../members.ts'
import type { Step } from '../step.ts'
import { checkEqual } from '../step-failure.ts'

/** Between two looks. */
const LOOK_MS = 20

export const find: Step = {
  name: 'find',
  title: 'the caller finds the workers, as their certificates prove them',
  async run(mesh, signal) {
    const found = await findAll(mesh, signal)
    const expected = mesh.workers.map(({ identity }) => identity)
    checkEqual(byPeerId(found), byPeerId(expected), 'find lists others than those that were started')
    return { detail: `${found.length} workers of the app ${SERVICE}`, data: { workers: found } }
  }
}

// They announce themselves while they start: the last may be a moment late.
async function findAll(mesh: DemoMesh, signal: AbortSignal): Promise<WorkerInfo[]> {
  for (;;) {
    const found = await mesh.caller.find({ app: SERVICE, signal })

    if (found.length >= mesh.workers.length) {
      return found
    }

    await sleep(LOOK_MS, undefined, { signal })
  }
}

function byPeerId(workers: readonly WorkerInfo[]): WorkerInfo[] {
  return workers.toSorted((a, b) => (a.peerId < b.peerId ? -1 : 1))
}
