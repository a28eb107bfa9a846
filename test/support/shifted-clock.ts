/** Loaded before a program (`--import ...?ms=600000`): sets its clock forward by `ms`. What is monotonic stays. */

const shiftMs = Number(new URL(import.meta.url).searchParams.get('ms'))
const realNow = Date.now.bind(Date)

class ShiftedDate extends Date {
  constructor(...args: [] | ConstructorParameters<DateConstructor>) {
    super(...((args.length === 0 ? [realNow() + shiftMs] : args) as ConstructorParameters<DateConstructor>))
  }

  static override now(): number {
    return realNow() + shiftMs
  }
}

globalThis.Date = ShiftedDate as DateConstructor
