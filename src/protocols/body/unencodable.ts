/** What JSON would lose of a value. */
export interface Fault {
  /** `a Promise`, say. */
  what: string
  /** What the sender can do. */
  advice?: string
}

const OF_A_CLASS = 'send its members ({ ...it }), or give the class a toJSON'
const BUILT_IN = 'send what it holds as plain objects and arrays'
const BYTES = 'send it as text (in base64, say), or alone: a body may be a Uint8Array'

/** By what `Object.prototype.toString` calls the value, which holds for those of another window or context too. */
const KINDS = new Map<string, Fault>([
  ['Promise', { what: 'a Promise', advice: 'is an await missing?' }],
  ['Error', { what: 'an Error', advice: 'send its message' }],
  ['Date', { what: 'an invalid Date' }],
  ['Map', { what: 'a Map', advice: 'send Object.fromEntries(map)' }],
  ['Set', { what: 'a Set', advice: 'send [...set]' }],
  ['Response', { what: 'a Response', advice: 'send what it holds: await response.json()' }],
  ['Blob', { what: 'a Blob', advice: 'send its bytes: await blob.bytes()' }],
  ['Generator', { what: 'a generator', advice: 'send [...generator]' }]
])

/** `undefined` for what JSON carries, whose members have still to be looked at. `toJSON` has been asked. */
export function faultOf(value: unknown): Fault | undefined {
  switch (typeof value) {
    case 'undefined':
      return { what: 'undefined' }
    case 'number':
      return Number.isFinite(value) ? undefined : { what: String(value) }
    case 'bigint':
      return { what: 'a bigint', advice: 'send it as text' }
    case 'function':
    case 'symbol':
      return { what: `a ${typeof value}` }
    case 'object':
      return value === null || Array.isArray(value) || isPlain(value) ? undefined : objectFault(value)
    default:
      return undefined
  }
}

/** A `Uint8Array`, of another window or context too. */
export function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array || (ArrayBuffer.isView(value) && kindOf(value) === 'Uint8Array')
}

/** Bytes: a view of a buffer, or the buffer. */
export function isBinary(value: unknown): boolean {
  return ArrayBuffer.isView(value) || ['ArrayBuffer', 'SharedArrayBuffer'].includes(kindOf(value))
}

export function isInvalidDate(value: unknown): boolean {
  return kindOf(value) === 'Date' && Number.isNaN(Date.prototype.getTime.call(value))
}

// An object of another window or context has another `Object.prototype`.
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null
}

function objectFault(value: object): Fault {
  if (isBinary(value)) {
    return { what: 'binary data', advice: BYTES }
  }

  const kind = kindOf(value)

  if (kind !== 'Object') {
    return KINDS.get(kind) ?? { what: `an object of the class ${kind}`, advice: BUILT_IN }
  }

  const name = value.constructor?.name
  const named = typeof name === 'string' && name !== '' && name !== 'Object'
  return {
    what: named ? `an object of the class ${name}` : 'an object with a prototype of its own',
    advice: OF_A_CLASS
  }
}

function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1)
}
