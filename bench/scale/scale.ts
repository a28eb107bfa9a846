/** What many workers of one app cost while nothing happens, and what a newcomer finds of them. */
import { setTimeout as pause } from 'node:timers/promises'
import type { FoundWhole, Order } from '../cost/find-side.ts'
import type { SideProcess } from '../side-process.ts'
import { Stage } from '../stage.ts'

const SIDE = 'cost/find-side.ts'
/** So that some hundreds fit on a small machine. */
const PROCESSES = 4
/** Until the last ones that came are known, and their connections made. */
const SETTLE_MS = 20_000
const MB = 1e6

export interface ScaleOptions {
  /** Workers of the app, for each run. */
  sizes: number[]
  idleMs: number
  onProgress: (line: string) => void
}

/** Of one size. CPU in % of one core. */
export interface ScaleResult {
  workers: number
  /** From the first worker's start until the last one's, in ms. */
  joinMs: number
  /** Of each worker. */
  workerCpu: number
  relayCpu: number
  /** Of each worker, its share of the process included. In MB. */
  workerMemory: number
  relayMemory: number
  found: FoundWhole
}

export async function measureScale({ sizes, idleMs, onProgress }: ScaleOptions): Promise<ScaleResult[]> {
  const results: ScaleResult[] = []

  for (const workers of sizes) {
    onProgress(`${workers} workers ...`)
    const result = await measure(workers, idleMs, onProgress)
    results.push(result)
    onProgress(`  ${JSON.stringify(result)}`)
  }
  return results
}

async function measure(count: number, idleMs: number, onProgress: (line: string) => void): Promise<ScaleResult> {
  const stage = new Stage()

  try {
    const relay = stage.start(SIDE)
    const network = await relay.order<string>({ do: 'relay', workers: count } satisfies Order)
    const startedAt = performance.now()
    const processes = Array.from({ length: PROCESSES }, () => stage.start(SIDE))
    await Promise.all(
      processes.map((process, index) => {
        const [from, to] = [index, index + 1].map((share) => Math.round((share * count) / PROCESSES)) as [
          number,
          number
        ]
        return process.order({ do: 'work', network, from, to } satisfies Order)
      })
    )
    const joinMs = performance.now() - startedAt
    onProgress(`  joined in ${(joinMs / 1_000).toFixed(1)} s`)
    await pause(SETTLE_MS)
    const [relayCpu, workerCpu] = await cpuOf([[relay], processes], idleMs)
    const found = await stage
      .start(SIDE)
      .order<FoundWhole>({ do: 'find whole', network, workers: count } satisfies Order)
    return {
      workers: count,
      joinMs,
      workerCpu: workerCpu! / count,
      relayCpu: relayCpu!,
      workerMemory: memoryOf(processes) / count,
      relayMemory: memoryOf([relay]),
      found
    }
  } finally {
    await stage.close()
  }
}

/** In % of one core, of each group. */
async function cpuOf(groups: SideProcess[][], ms: number): Promise<number[]> {
  const spent = (): number[] =>
    groups.map((group) => group.reduce((sum, process) => sum + (process.cpu() ?? Number.NaN), 0))
  const [before, startedAt] = [spent(), performance.now()]
  await pause(ms)
  const tookMs = performance.now() - startedAt
  return spent().map((after, index) => (100 * (after - before[index]!)) / tookMs)
}

function memoryOf(processes: SideProcess[]): number {
  return processes.reduce((sum, process) => sum + process.memory().rss / MB, 0)
}
