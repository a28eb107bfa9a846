const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const NINE = 0x39
/** Fewer digits than these a double holds whatever they are: before a point, and in an exponent. */
const MANY_DIGITS = 16
const MANY_EXPONENT_DIGITS = 3

/** Short JSON text without any of these holds no number that loses something. In long text a look at each is faster. */
export const SUSPECT_NUMBER = /(?:^|[\s:,[-])\d{16}|\d[eE]\+?\d{3}/

/** Whether a number in JSON may begin with this byte. */
export function beginsNumber(byte: number): boolean {
  return byte === MINUS || (byte >= ZERO && byte <= NINE)
}

/** The end of the number that begins at `start`, negative when a closer look is due: `isHeld`. */
export function endOfNumber(json: Uint8Array, start: number): number {
  let end = start + 1
  let point = 0
  let exponent = 0

  for (; end < json.byteLength; end++) {
    const byte = json[end] as number

    if (byte === POINT) {
      point = end
    } else if ((byte | 0x20) === 0x65) {
      exponent = end
    } else if (!beginsNumber(byte) && byte !== 0x2b) {
      break
    }
  }

  const whole = (point || exponent || end) - start
  const isLong = whole >= MANY_DIGITS || (exponent > 0 && end - exponent > MANY_EXPONENT_DIGITS)
  return isLong ? -end : end
}

/**
 * Whether a double holds a number: it is not over the largest one, and an integer keeps all of its digits. Beyond
 * 2^53 - 1 these are those of the double's value, or the shortest that tell it from its neighbours with zeros behind, as
 * JSON has them.
 */
export function isHeld(number: string): boolean {
  const value = Math.abs(Number(number))

  if (!Number.isFinite(value) || value <= Number.MAX_SAFE_INTEGER || !/^-?\d+$/.test(number)) {
    return Number.isFinite(value)
  }

  const digits = number.replace('-', '')
  return digits === shortestDigits(value) || BigInt(digits) === BigInt(value)
}

function shortestDigits(value: number): string {
  const [digits = '', exponent] = value.toExponential().replace('.', '').split('e')
  return digits.padEnd(Number(exponent) + 1, '0')
}
