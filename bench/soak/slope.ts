/** Whether a series of samples grows. */
import { sum } from '../statistics.ts'

export interface Point {
  /** In hours. */
  at: number
  value: number
}

export interface Slope {
  mean: number
  /** By least squares, an hour. */
  perHour: number
  /** Of `perHour`: its standard error. */
  error: number
}

/** What may grow in an hour, as a share of the mean. */
const MOST_GROWTH = 0.1
/** Standard errors by which growth must be certain. */
const CERTAINTY = 2

export function slopeOf(points: readonly Point[]): Slope {
  const count = points.length
  const [meanAt, mean] = [average(points.map(({ at }) => at)), average(points.map(({ value }) => value))]
  const spread = sum(points.map(({ at }) => (at - meanAt) ** 2))
  const perHour = sum(points.map(({ at, value }) => (at - meanAt) * (value - mean))) / spread
  const residue = sum(points.map(({ at, value }) => (value - mean - perHour * (at - meanAt)) ** 2))
  return { mean, perHour, error: Math.sqrt(residue / Math.max(1, count - 2) / spread) }
}

/** No growth that is certain. */
export function isFlat({ mean, perHour, error }: Slope): boolean {
  return perHour - CERTAINTY * error <= mean * MOST_GROWTH
}

function average(values: readonly number[]): number {
  return sum(values) / values.length
}
