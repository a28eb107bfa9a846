import { raceSignal } from 'race-signal'
import { onAbort } from '../lib/abort.ts'
import { onNpmEnd } from './npm-parent.ts'

/** The signals that end a command, and the exit code of each: 128 and the signal's number. */
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

/** The user or the system asked this process to end. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
  readonly exitCode: number

  constructor(signal: keyof typeof SIGNALS) {
    super(`interrupted by ${signal}`)
    this.exitCode = SIGNALS[signal]
  }
}

/**
 * Runs work that SIGINT, SIGTERM, SIGHUP and the end of the npm that started this abort: its signal aborts with `Interrupted`, with which this rejects even
 * when the work then fails in another way. A second signal ends the process at once.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const stopListening = onInterrupt((interrupted) => {
    if (controller.signal.aborted) {
      process.exit(interrupted.exitCode)
    }

    controller.abort(interrupted)
  })

  try {
    return await work(controller.signal)
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : error
  } finally {
    stopListening()
  }
}

/** Resolves when this signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => void onAbort(signal, resolve))
}

/** The promise's outcome, or the reason of the signal when that aborts first. */
export function untilInterrupted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return raceSignal(promise, signal, { translateError: () => signal.reason })
}

function onInterrupt(listener: (interrupted: Interrupted) => void): () => void {
  const signals = Object.keys(SIGNALS) as Array<keyof typeof SIGNALS>
  const onSignal = (signal: NodeJS.Signals): void => {
    // Ctrl-C ends npm too, which must not count as the second signal.
    unwatch()
    listener(new Interrupted(signal as keyof typeof SIGNALS))
  }
  // A parent that held an IPC channel to this process is gone: nobody is left to end it.
  const onDisconnect = (): void => listener(new Interrupted('SIGTERM'))
  process.on('disconnect', onDisconnect)
  const unwatch = onNpmEnd(onDisconnect)

  if (process.connected === false) {
    queueMicrotask(onDisconnect)
  }

  for (const signal of signals) {
    process.on(signal, onSignal)
  }

  return () => {
    process.off('disconnect', onDisconnect)
    unwatch()

    for (const signal of signals) {
      process.off(signal, onSignal)
    }
  }
}
