import { NexusError } from '../errors.ts'
import { anyOf } from '../lib/abort.ts'
import type { Nexus, NexusStatus } from '../types.ts'
import type { MeshFlags } from './flags.ts'
import { interruptible, untilInterrupted } from './interrupt.ts'
import type { Output } from './output.ts'

/** What a command does with a block that has joined. */
export interface Joined {
  nexus: Nexus
  /** Aborts when the process is to end, and when the time of `--timeout` is over. */
  signal: AbortSignal
  /** What `--timeout` leaves, in ms; `undefined` without it. */
  remainingMs: () => number | undefined
}

/**
 * Joins the mesh as the flags say, does the work and leaves. The block dials and is not dialled: it opens no port.
 * Rejects with `INVALID` when a flag is missing, `TIMEOUT` when the time of `--timeout` is over, `Interrupted`, or
 * with what joining or the work rejects with.
 */
export async function withNexus<T>(flags: MeshFlags, output: Output, work: (joined: Joined) => Promise<T>): Promise<T> {
  const { credential, bootstrap } = required(flags)
  if (credential !== undefined) {
    await warnOfCredential(credential, output)
  }
  const { createNexus } = await import('../index.ts')

  return interruptible(async (interrupt) => {
    const deadline = deadlineOf(flags.timeout)
    const signal = anyOf([interrupt, deadline.signal])

    try {
      const nexus = await join(() => createNexus({ credential, bootstrap, listen: [], reserve: false }), signal)

      try {
        warnOfWorker(nexus, output)
        showNotices(nexus, output)
        return await untilInterrupted(work({ nexus, signal, remainingMs: deadline.remainingMs }), signal)
      } finally {
        await nexus.stop()
      }
    } catch (error) {
      throw deadline.signal.aborted && !interrupt.aborted ? deadline.signal.reason : withHint(error)
    } finally {
      deadline.clear()
    }
  })
}

/** Without a credential the block enrols as the environment says. */
function required(flags: MeshFlags): { credential?: string; bootstrap: string[] } {
  const { bootstrap = [] } = flags

  if (enrolsItself(flags)) {
    return { bootstrap }
  }

  const credential = requireCredential(flags)

  if (bootstrap.length === 0) {
    throw new NexusError('INVALID', 'no way into the mesh: give --bootstrap <multiaddr> or set NEXUS_BOOTSTRAP')
  }

  return { credential, bootstrap }
}

/** Says what is not as it should be, once each. */
function showNotices(nexus: Nexus, output: Output): void {
  const shown = new Set<string>()
  const show = ({ notices }: NexusStatus): void => {
    for (const { message } of notices.filter(({ reason }) => !shown.has(reason))) {
      output.note(`nexus: warning: ${message}`)
    }
    notices.forEach(({ reason }) => void shown.add(reason))
  }
  show(nexus.status)
  nexus.onStatus(show)
}

/** Whether there is no credential file, and the environment says where to enrol and with which secret. */
export function enrolsItself({ credential }: { credential?: string }): boolean {
  const { NEXUS_AUTHORITY, SERVICE_SECRET, EXPLORE_SECRET } = process.env
  return !credential && Boolean(NEXUS_AUTHORITY) && Boolean(SERVICE_SECRET || EXPLORE_SECRET)
}

/** The path of the credential file. Throws `INVALID` when no flag names one. */
export function requireCredential({ credential }: { credential?: string }): string {
  // An empty variable is one that was not set.
  if (credential === undefined || credential === '') {
    throw new NexusError(
      'INVALID',
      'no credential: give --credential <file> or set NEXUS_CREDENTIAL (nexus authority issue makes one)'
    )
  }

  return credential
}

/** Says so when others can read a credential file. Silent about files that are not there: reading them tells. */
export async function warnOfCredential(path: string, output: Output): Promise<void> {
  const { isReadableByOthers } = await import('../node/runtime/credential-file.ts')
  const isOpen = await isReadableByOthers(path).catch(() => false)

  if (isOpen) {
    output.note(`nexus: warning: others can read ${path}, and be this block: chmod 600 ${path}`)
  }
}

function warnOfWorker({ identity }: Nexus, output: Output): void {
  if (identity.block === 'worker') {
    output.note(
      `nexus: warning: ${identity.jid} is a worker: while this runs, calls to ${identity.app} may come here, where ` +
        "nothing is served; use the credential of a block 'device'"
    )
  }
}

async function join(create: () => Promise<Nexus>, signal: AbortSignal): Promise<Nexus> {
  const joining = create()

  try {
    return await untilInterrupted(joining, signal)
  } catch (error) {
    // It may still come through; nobody is there for it then.
    joining.then(
      (nexus) => nexus.stop(),
      () => undefined
    )
    throw error
  }
}

interface Deadline {
  signal: AbortSignal
  remainingMs: () => number | undefined
  clear: () => void
}

function deadlineOf(timeoutMs: number | undefined): Deadline {
  const controller = new AbortController()

  if (timeoutMs === undefined) {
    return { signal: controller.signal, remainingMs: () => undefined, clear: () => undefined }
  }

  const end = performance.now() + timeoutMs
  const timer = setTimeout(
    () => controller.abort(new NexusError('TIMEOUT', `not done within ${timeoutMs} ms`)),
    timeoutMs
  )
  return {
    signal: controller.signal,
    remainingMs: () => Math.max(1, Math.ceil(end - performance.now())),
    clear: () => clearTimeout(timer)
  }
}

const HINTS: Partial<Record<string, string>> = {
  FORBIDDEN: 'its user needs a grant: nexus authority grant',
  NO_WORKER: 'nexus find lists who is there'
}

function withHint(error: unknown): unknown {
  const hint = error instanceof NexusError ? HINTS[error.code] : undefined

  if (!(error instanceof NexusError) || hint === undefined) {
    return error
  }

  return new NexusError(error.code, `${error.message} (${hint})`, { cause: error, reason: error.reason })
}
