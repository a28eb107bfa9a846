import { toError } from '../../lib/to-error.ts'
import { faultOf, isBinary, isInvalidDate } from './unencodable.ts'

/**
 * Whether a value is made only of what JSON carries as it is: null, strings, booleans, finite numbers, dates, arrays
 * without gaps, plain objects, and what has a `toJSON` that gives such, `depth` levels at most. `false` says only that a
 * closer look is needed.
 *
 * It walks with `for in`, which costs some 15 to 25 % of the `JSON.stringify` that follows; a replacer doubles it.
 */
export function isPlainJson(value: unknown, depth: number, key: string | number = ''): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      return Number.isFinite(value)
    case 'object':
      return (
        value === null ||
        (depth > 0 && (Array.isArray(value) ? isPlainArray(value, depth) : isPlain(value, depth, key)))
      )
    default:
      return false
  }
}

function isPlainArray(array: unknown[], depth: number): boolean {
  for (let index = 0; index < array.length; index++) {
    if (!isPlainJson(array[index], depth - 1, index)) {
      return false
    }
  }

  return true
}

function isPlain(object: object, depth: number, key: string | number): boolean {
  const prototype = Object.getPrototypeOf(object)

  if (prototype !== Object.prototype && prototype !== null) {
    return isPlainByToJson(object, depth, key)
  }

  for (const name in object) {
    const member = (object as Record<string, unknown>)[name]

    if (member !== undefined && !isPlainJson(member, depth - 1, name)) {
      return false
    }
  }

  return true
}

function isPlainByToJson(object: { toJSON?: unknown }, depth: number, key: string | number): boolean {
  if (typeof object.toJSON !== 'function' || isBinary(object) || isInvalidDate(object)) {
    return false
  }

  const isDate = Object.getPrototypeOf(object) === Date.prototype && !Object.hasOwn(object, 'toJSON')
  // A `toJSON` may give the object itself, which is not asked again.
  return isDate || isPlainJson(object.toJSON(String(key)), depth - 1, key)
}

/**
 * Says what in a value JSON would lose or refuse, and where (`$.a.list[3] is NaN`), or `undefined` when there is
 * nothing. Slower than `isPlainJson`, and exact.
 */
export function findUnencodable(value: unknown, maxDepth: number): string | undefined {
  return search({ value, key: '', path: '$', ancestors: [], maxDepth })
}

interface Place {
  value: unknown
  /** What `toJSON` is given. */
  key: string
  path: string
  /** The arrays and objects around it, outermost first. */
  ancestors: object[]
  maxDepth: number
}

const MAX_PATH_LENGTH = 200

function search(place: Place): string | undefined {
  const { path, ancestors } = place
  const shown = path.length > MAX_PATH_LENGTH ? `${path.slice(0, MAX_PATH_LENGTH)}…` : path
  let value: any

  try {
    value = jsonValue(place.value, place.key)
  } catch (error) {
    return `${shown} cannot be read: ${toError(error).message}`
  }

  const fault = faultOf(value)

  if (fault !== undefined) {
    const advice = fault.advice === undefined ? '' : `: ${fault.advice}`
    return `${shown} is ${fault.what}, which JSON does not carry${advice}`
  }

  if (typeof value !== 'object' || value === null) {
    return undefined
  }

  if (ancestors.includes(value)) {
    return `${shown} is part of itself, which JSON does not carry`
  }

  return ancestors.length >= place.maxDepth ? `${shown} is nested deeper than ${place.maxDepth}` : within(value, place)
}

function within(container: any, place: Place): string | undefined {
  const ancestors = [...place.ancestors, container]

  for (const key of Object.keys(container)) {
    const member = { value: container[key], key, path: place.path + step(container, key), ancestors }
    const optional = member.value === undefined && !Array.isArray(container)
    const culprit = optional ? undefined : search({ ...member, maxDepth: place.maxDepth })

    if (culprit !== undefined) {
      return culprit
    }
  }

  return gapIn(container, place.path)
}

/** `Object.keys` passes over the gaps of a sparse array, which JSON would fill with null. */
function gapIn(container: any, path: string): string | undefined {
  const gap = Array.isArray(container) ? container.findIndex((_, index) => !(index in container)) : -1
  return gap === -1 ? undefined : `${path}[${gap}] is undefined, which JSON does not carry`
}

function step(container: unknown, key: string): string {
  if (Array.isArray(container)) {
    return `[${key}]`
  }

  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}

/**
 * What `JSON.stringify` would write in the value's place. What has a `toJSON` and still loses by it (a `Buffer`, a date
 * that is none) stays as it is.
 */
function jsonValue(value: any, key: string): unknown {
  const asks = typeof value === 'object' && typeof value?.toJSON === 'function'
  const resolved = asks && !isBinary(value) && !isInvalidDate(value) ? value.toJSON(key) : value
  const boxed = resolved instanceof Number || resolved instanceof String || resolved instanceof Boolean
  return boxed ? resolved.valueOf() : resolved
}
