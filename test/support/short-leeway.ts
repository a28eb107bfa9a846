/**
 * Loaded before a program (`NODE_OPTIONS=--import=...`): certificates have a leeway of 1 s instead of a minute in it, so
 * that one which is not renewed in time is seen at once.
 */
import { registerHooks } from 'node:module'

const LEEWAY = 'CLOCK_LEEWAY_S = 60'

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context)

    if (url.endsWith('/src/constants.ts')) {
      const source = String(loaded.source)
      if (!source.includes(LEEWAY)) {
        throw new Error(`${url} has no '${LEEWAY}'`)
      }
      return { ...loaded, source: source.replace(LEEWAY, 'CLOCK_LEEWAY_S = 1') }
    }
    return loaded
  }
})
