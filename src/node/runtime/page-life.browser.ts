import type { DeviceWatch } from '../libp2p/platform.ts'

/**
 * A timer that comes so much late has slept with the device: hidden pages have theirs held back for a minute at most.
 */
const SLEEP_MS = 90_000
const TICK_MS = 10_000
/** Hidden for longer than this, a page may have lost its connections without having been told. */
const HIDDEN_MS = 30_000

/** Watches a page's network, and its sleep: of the device, of the page in the back/forward cache, of a hidden tab. */
export function watchPage({ onNetwork, onResume }: DeviceWatch): () => void {
  const watch = new AbortController()
  const { signal } = watch
  let tickedAt = Date.now()
  let hiddenAt = document.hidden ? Date.now() : undefined

  const timer = setInterval(() => {
    const late = Date.now() - tickedAt - TICK_MS
    tickedAt = Date.now()

    if (late > SLEEP_MS) {
      onResume()
    }
  }, TICK_MS)

  const onVisibility = (): void => {
    const wasHiddenFor = hiddenAt === undefined ? 0 : Date.now() - hiddenAt
    hiddenAt = document.hidden ? Date.now() : undefined

    if (wasHiddenFor > HIDDEN_MS) {
      onResume()
    }
  }

  addEventListener('online', () => onNetwork(true), { signal })
  addEventListener('offline', () => onNetwork(false), { signal })
  addEventListener('pageshow', ({ persisted }) => persisted && onResume(), { signal })
  document.addEventListener('resume', onResume, { signal })
  document.addEventListener('visibilitychange', onVisibility, { signal })

  if (!navigator.onLine) {
    onNetwork(false)
  }

  return () => {
    watch.abort()
    clearInterval(timer)
  }
}
