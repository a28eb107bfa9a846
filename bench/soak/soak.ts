/** Mixed load with churn of workers, and the memory of all that takes part. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Authority, Credential } from '../../src/index.ts'
import { createAuthority, credentialOf } from '../nexus/credentials.ts'
import { relayCredential } from '../nexus/relay.ts'
import type { SideProcess } from '../side-process.ts'
import { Stage } from '../stage.ts'
import { APP } from './load.ts'
import type { Order, Told } from './side.ts'
import { type Point, type Slope, slopeOf } from './slope.ts'

const SIDE = 'soak/side.ts'
const STEADY_WORKERS = 5
const CHANGING_WORKERS = 5
const CALLERS = 4
/** Of the time: caches fill. */
const WARM_UP_SHARE = 0.25
const SAMPLES = 60
const HOUR_MS = 3_600_000
const MB = 1e6

export interface SoakOptions {
  minutes: number
  /** In which one of the changing workers goes and another comes. */
  churnMs: number
  onProgress: (line: string) => void
}

export interface SoakResult {
  minutes: number
  churned: number
  processes: ProcessResult[]
}

/** Memory in MB, and what was done and how it ended. */
export interface ProcessResult {
  process: string
  live: Slope
  rss: Slope
  counts: Record<string, number>
}

interface Sample {
  at: number
  told: Told
}

export async function soak({ minutes, churnMs, onProgress }: SoakOptions): Promise<SoakResult> {
  const stage = new Stage()

  try {
    const authority = await createAuthority()
    const processes = await gather(stage, authority)
    const startedAt = performance.now()
    const totalMs = minutes * 60_000
    const samples = new Map<string, Sample[]>(processes.list.map(([name]) => [name, []]))
    let churned = 0
    let sampled = 0

    for (let now = 0; now < totalMs; now = performance.now() - startedAt) {
      if (now >= (churned + 1) * churnMs) {
        await processes.replace(churned++)
      }
      if (now >= (sampled * totalMs) / SAMPLES) {
        sampled++
        await sample(processes.list, samples, now / HOUR_MS)
        onProgress(progressOf(samples, now))
      }
      await pause(Math.min(churnMs, totalMs / SAMPLES) / 4)
    }
    return { minutes, churned, processes: [...samples].map(([name, taken]) => resultOf(name, taken)) }
  } finally {
    await stage.close()
  }
}

async function gather(stage: Stage, authority: Authority) {
  const order = <T>(process: SideProcess, what: Order): Promise<T> => process.order<T>(what)
  const worker = (index: number | string): Promise<Credential> =>
    credentialOf(authority, { app: APP, uid: 'anna', role: 'owner', block: 'worker', resource: `default${index}` })
  const workers = (name: string, count: number): Promise<Credential[]> =>
    Promise.all(Array.from({ length: count }, (_, index) => worker(`${name}${index}`)))
  const callers = Array.from({ length: CALLERS }, (_, index) =>
    credentialOf(authority, { app: 'shop', uid: `carl${index}`, role: 'user', block: 'worker', has: [APP] })
  )
  const [relay, steady, changing, calling] = [0, 1, 2, 3].map(() => stage.start(SIDE)) as [
    SideProcess,
    SideProcess,
    SideProcess,
    SideProcess
  ]
  const bootstrap = await order<string[]>(relay, { do: 'relay', credential: await relayCredential(authority) })
  await order(steady, { do: 'work', credentials: await workers('s', STEADY_WORKERS), bootstrap })
  await order(changing, { do: 'work', credentials: await workers('c', CHANGING_WORKERS), bootstrap })
  await order(calling, { do: 'call', credentials: await Promise.all(callers), bootstrap })
  const list: Array<[string, SideProcess]> = [
    ['relay', relay],
    [`${STEADY_WORKERS} workers that stay`, steady],
    [`${CHANGING_WORKERS} workers that change`, changing],
    [`${CALLERS} callers`, calling]
  ]
  const replace = async (index: number): Promise<void> =>
    order(changing, { do: 'replace', credential: await worker(`n${index}`), bootstrap })
  return { list, replace }
}

async function sample(processes: Array<[string, SideProcess]>, samples: Map<string, Sample[]>, at: number) {
  for (const [name, process] of processes) {
    samples.get(name)?.push({ at, told: await process.order<Told>({ do: 'tell' } satisfies Order) })
  }
}

function progressOf(samples: Map<string, Sample[]>, now: number): string {
  const live = [...samples].map(([name, taken]) => `${name} ${((taken.at(-1)?.told.live ?? 0) / MB).toFixed(1)} MB`)
  return `${(now / 60_000).toFixed(1)} min: ${live.join(', ')}`
}

function resultOf(process: string, samples: readonly Sample[]): ProcessResult {
  const warm = samples.slice(Math.floor(samples.length * WARM_UP_SHARE))
  const points = (pick: (told: Told) => number): Point[] => warm.map(({ at, told }) => ({ at, value: pick(told) / MB }))
  return {
    process,
    live: slopeOf(points(({ live }) => live)),
    rss: slopeOf(points(({ rss }) => rss)),
    counts: samples.at(-1)?.told.counts ?? {}
  }
}
