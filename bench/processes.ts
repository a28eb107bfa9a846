/** What the system tells about processes. Linux alone tells it. */
import { readdirSync, readFileSync } from 'node:fs'

/** Of `/proc/<pid>/stat`, counted behind the name of the program. */
const GROUP_FIELD = 2
const NS_A_MS = 1e6
const BYTES_A_KB = 1024

export interface Memory {
  /** Resident: all that is in memory, shared parts too. */
  rss: number
  /** Shared parts divided among those who share them; `undefined` where the system does not tell. */
  pss: number | undefined
}

/** Processes of a group, as long as they run. */
export function groupPids(group: number): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.map(Number).filter((pid) => groupOf(pid) === group)
}

/** Processor time of a process so far, in ms; nothing when it has ended. */
export function cpuMsOf(pid: number): number {
  try {
    const threads = readdirSync(`/proc/${pid}/task`)
    const times = threads.map((thread) => Number(read(`/proc/${pid}/task/${thread}/schedstat`)?.split(' ')[0] ?? 0))
    return times.reduce((total, time) => total + time, 0) / NS_A_MS
  } catch {
    return 0
  }
}

/** In bytes; nothing when it has ended. */
export function memoryOf(pid: number): Memory {
  const field = (file: string, name: string): number | undefined => {
    const kb = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(read(`/proc/${pid}/${file}`) ?? '')?.[1]
    return kb === undefined ? undefined : Number(kb) * BYTES_A_KB
  }
  return { rss: field('status', 'VmRSS') ?? 0, pss: field('smaps_rollup', 'Pss') }
}

function groupOf(pid: number): number | undefined {
  const stat = read(`/proc/${pid}/stat`)
  return stat === undefined ? undefined : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[GROUP_FIELD])
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // It has ended meanwhile, or may not be read.
    return undefined
  }
}
