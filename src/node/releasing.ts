import type { Nexus } from '../types.ts'

/** The same block; once it has stopped, what its key was held by is released. */
export function releasing(nexus: Nexus, release: () => void): Nexus {
  const stop = nexus.stop.bind(nexus)
  nexus.stop = (options) => stop(options).finally(release)
  return nexus
}
