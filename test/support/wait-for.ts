import { until } from './until.ts'

/** `until` with what is waited for in front. */
export function waitFor(what: string, condition: () => boolean | Promise<boolean>, timeoutMs?: number): Promise<void> {
  return until(condition, what, timeoutMs)
}
