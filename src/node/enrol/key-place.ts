import { randomUUID } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { NexusError } from '../../errors.ts'

/** Processes of one name in one directory that have a key each. */
const MAX_PLACES = 64

/** A file for a credential that no other block on this machine has while it is held. */
export interface KeyPlace {
  path: string
  /** Which one it is, from 1. */
  number: number
  release: () => void
}

/** Those of this process. */
const held = new Set<string>()

/**
 * The first of `<name>.json`, `<name>-2.json`, ... that no running process holds: replicas started in one directory get
 * a key each, and after a restart the same ones. `first` is where it begins. Throws `INVALID` when all are taken.
 */
export function takeKeyPlace(directory: string, name: string, first = 1): KeyPlace {
  mkdirSync(directory, { recursive: true, mode: 0o700 })

  for (let number = first; number <= MAX_PLACES; number++) {
    const path = join(directory, `${name}${number === 1 ? '' : `-${number}`}.json`)
    const lock = `${path}.lock`

    if (lockFile(lock)) {
      held.add(lock)
      return { path, number, release: () => held.delete(lock) && rmSync(lock, { force: true }) }
    }
  }

  throw new NexusError('INVALID', `${MAX_PLACES} processes run with credentials of ${directory} already`)
}

function lockFile(lock: string): boolean {
  // Written beside and linked there: nobody reads half of it.
  const own = `${lock}.${randomUUID()}`
  writeFileSync(own, String(process.pid), { mode: 0o600 })

  try {
    return link(own, lock) || (removeDead(lock) && link(own, lock))
  } finally {
    rmSync(own, { force: true })
  }
}

function link(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      return false
    }
    throw error
  }
}

/** Takes away what a process that has ended left behind. Gives whether it did. */
function removeDead(lock: string): boolean {
  const holder = readHolder(lock)

  if (holder !== undefined && isRunning(holder, lock)) {
    return false
  }

  const taken = `${lock}.${randomUUID()}`

  try {
    renameSync(lock, taken)
  } catch {
    // Somebody else was faster.
    return false
  }

  // What was taken may be the new lock of who was faster still: then it is put back.
  const isDead = readHolder(taken) === holder
  if (!isDead) {
    link(taken, lock)
  }
  rmSync(taken, { force: true })
  return isDead
}

function readHolder(lock: string): number | undefined {
  try {
    return Number(readFileSync(lock, 'utf8'))
  } catch {
    return undefined
  }
}

function isRunning(pid: number, lock: string): boolean {
  // In containers the number before a restart is often that of this process.
  if (pid === process.pid) {
    return held.has(lock)
  }

  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
