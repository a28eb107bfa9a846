/**
 * Loaded before a program (`--import ...?ms=600000`): sets its clock forward by `ms`, or by what `CLOCK_SHIFT_MS` says
 * from then on. What is monotonic stays.
 */

process.env.CLOCK_SHIFT_MS = new URL(import.meta.url).searchParams.get('ms') ?? '0'

const shiftMs = (): number => Number(process.env.CLOCK_SHIFT_MS)
const realNow = Date.now.bind(Date)

class ShiftedDate extends Date {
  constructor(...args: [] | ConstructorParameters<DateConstructor>) {
    super(...((args.length === 0 ? [realNow() + shiftMs()] : args) as ConstructorParameters<DateConstructor>))
  }

  static override now(): number {
    return realNow() + shiftMs()
  }
}

globalThis.Date = ShiftedDate as DateConstructor
