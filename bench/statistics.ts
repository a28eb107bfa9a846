export function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** For people: three digits. */
export function formatNumber(value: number): string {
  return value >= 1_000 ? Math.round(value).toLocaleString('en') : Number(value.toPrecision(3)).toString()
}
