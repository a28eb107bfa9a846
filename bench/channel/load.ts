export interface Body {
  /** When it was published, in ns of the machine's monotonic clock; 0 when nobody wants to know. */
  at: number
  index: number
  text: string
}

/** Nanoseconds of the machine, the same for all processes on it. */
export const now = (): number => Number(process.hrtime.bigint())

export const bodyOf = (index: number, timed: boolean): Body => ({ at: timed ? now() : 0, index, text: 'x'.repeat(48) })
