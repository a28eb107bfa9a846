import type { Nexus } from '../../../src/types.ts'

export interface PathQuestion {
  /** Whom to call: a worker that has the command `echo`, and its app. Default `etest`. */
  peer: string
  app?: string
  /** How long a direct path is waited for, in ms. */
  waitMs: number
  /** How long calls go on when there is one, in ms. */
  holdMs: number
}

export interface PathMeasured {
  /** Calls before the first one that was answered: they did not reach the worker. */
  unreached: number
  /** How long the first call took, in ms. */
  firstMs: number
  /** When there was a direct path, in ms from the answer to the first call. `null`: never. */
  directMs: number | null
  /** Calls, 20 a second from the first one on. */
  calls: number
  /** What those failed with that were not answered. */
  lost: string[]
}

/** Calls a worker while the path to it gets better. It uses nothing from outside, so that pages run it too. */
export async function measurePath(
  nexus: Nexus,
  { peer, app = 'etest', waitMs, holdMs }: PathQuestion
): Promise<PathMeasured> {
  const call = (body: number): Promise<unknown> => nexus.api({ app, peer, cmd: 'echo', body })
  const isDirect = (): boolean => nexus.peers.some((path) => path.peer.peerId === peer && path.path !== 'relay')
  const firstFailure = (): Promise<string | undefined> =>
    call(0).then(
      () => undefined,
      ({ code }) => code
    )
  const wait = (ms: number): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, ms))
  let began = performance.now()
  let unreached = 0

  // A worker that was started just now may not be known yet, and a busy machine may be too slow for a dial.
  for (let code = await firstFailure(); code !== undefined; code = await firstFailure()) {
    unreached += code === 'NO_WORKER' ? 0 : 1
    await wait(100)
    began = performance.now()
  }

  const firstMs = Math.round(performance.now() - began)
  const first = performance.now()
  const pending: Array<Promise<unknown>> = []
  const lost: string[] = []
  let directMs: number | null = null
  let end = first + waitMs

  while (performance.now() < end) {
    if (directMs === null && isDirect()) {
      directMs = Math.round(performance.now() - first)
      end = performance.now() + holdMs
    }

    pending.push(call(pending.length).catch((error) => lost.push(String(error))))
    await wait(50)
  }

  await Promise.all(pending)
  return { unreached, firstMs, directMs, calls: pending.length + 1, lost }
}
