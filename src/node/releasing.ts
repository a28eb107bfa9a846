import type { StopOptions } from '../types.ts'

/** The same block or relay; once it has stopped, what its key was held by is released. */
export function releasing<T extends { stop: (options?: StopOptions) => Promise<void> }>(
  member: T,
  release: () => void
): T {
  const stop = member.stop.bind(member)
  member.stop = (options) => stop(options).finally(release)
  return member
}
