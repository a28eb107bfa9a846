import { markCopy, NexusError } from '../errors.ts'
import { now } from '../lib/now.ts'

/** Taking down a call site takes about 10 us: at this rate a thousandth of the time. */
const MAX_PER_SECOND = 100
const FRAME = /^\s+at /

/** Where a method was called: the `stack` of it. */
interface CallSite {
  stack?: string
}

/** Adds the lines of the program to what its calls fail with: such an error was often made by what came in a stream. */
export class CallSites {
  #since = Number.NEGATIVE_INFINITY
  #taken = 0

  /** Runs what the public method `method` does; what it fails with names the line that called. */
  async run<T>(method: (...args: never[]) => unknown, work: () => T | Promise<T>): Promise<T> {
    const site = this.#take(method)

    try {
      return await work()
    } catch (error) {
      throw atCaller(error, site)
    }
  }

  // `undefined` when it is asked so often that this would cost, and where the runtime cannot tell.
  #take(method: (...args: never[]) => unknown): CallSite | undefined {
    const at = now()

    if (at - this.#since >= 1_000) {
      this.#since = at
      this.#taken = 0
    }

    if (++this.#taken > MAX_PER_SECOND || Error.captureStackTrace === undefined) {
      return undefined
    }

    const site: CallSite = {}
    Error.captureStackTrace(site, method)
    return site
  }
}

/**
 * The same failure for one caller, its line in the stack: from the call site, else from who awaits the method that this
 * is called in. A copy, as calls that fail together are given one error.
 */
function atCaller(error: unknown, site: CallSite | undefined): unknown {
  if (!(error instanceof NexusError)) {
    return error
  }

  const copy = new NexusError(error.code, error.message, { ...error, cause: error.cause })
  markCopy(copy, error)
  const own = error.stack ?? String(error)
  const frames = (site?.stack ?? copy.stack ?? '').split('\n').filter((line) => FRAME.test(line) && !own.includes(line))
  copy.stack = [own, ...frames].join('\n')
  return copy
}
