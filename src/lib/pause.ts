import { onAbort } from './abort.ts'

/** Waits so long (ms), or until the signal aborts. Never rejects. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(end, ms)
    const stopListening = onAbort(signal, end)

    function end(): void {
      clearTimeout(timer)
      queueMicrotask(() => stopListening())
      resolve()
    }
  })
}
