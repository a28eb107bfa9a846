import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/** Two halves: one is in use, what lives is copied to the other. As much as Node had before version 24. */
const ENOUGH_BYTES = 16 * 1024 * 1024
/** By how much it grows each time. */
const NO_MORE = '--semi-space-growth-factor=1'

/**
 * Has V8's room for new objects grow no more once it has 16 MiB, of the whole process and for good. By itself it grows to
 * 128 MiB when hundreds connect at once, and is given back by nobody.
 */
export function boundYoungGeneration(): void {
  const observer = new PerformanceObserver(() => {
    if (youngBytes() >= ENOUGH_BYTES) {
      observer.disconnect()
      setFlagsFromString(NO_MORE)
    }
  })
  observer.observe({ entryTypes: ['gc'] })
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0
}
