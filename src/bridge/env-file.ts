/**
 * Reads `.env` files by the rules of python-dotenv, without `${NAME}`: Node and Python programs of one folder read the
 * same (test/vectors/env-files.json).
 */

// White space as Python has it: with the separators of ASCII and U+0085, without U+FEFF.
const SPACE = '[^\\S\\uFEFF]|[\\x1c-\\x1f\\x85]'
const BLANK = `(?:(?!\\n)(?:${SPACE}))`
const START = new RegExp(`(?:${SPACE})*(?:export${BLANK}+)?`, 'y')
const KEY = new RegExp(`'([^']+)'|((?:(?!${SPACE})[^='#])(?:(?!${SPACE})[^=#])*)`, 'y')
const EQUALS = new RegExp(`${BLANK}*=(${BLANK}*)`, 'y')
const SINGLE = /'((?:\\.|[^'\\])*)'/sy
const DOUBLE = /"((?:\\.|[^"\\])*)"/sy
const PLAIN = /[^\n]*/y
const TRAILING = new RegExp(`${BLANK}+(?:#[^\\n]*)?$`)
const END = new RegExp(`${BLANK}*(?:#[^\\n]*)?(?:\\n|$)`, 'y')
const REST = /[^\n]*\n?/y
const ESCAPES: Record<string, string> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

/**
 * What a file says. The last line of a name counts; one that cannot be read is passed over. A line ends with LF, CRLF
 * or CR, and in a value with LF.
 */
export function parseEnv(file: string): Map<string, string> {
  const text = file.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n')
  const values = new Map<string, string>()
  let at = 0

  while (at < text.length) {
    at = match(START, text, at)?.end ?? at
    const key = match(KEY, text, at)
    const value = key && valueAt(text, key.end)
    at = value?.end ?? at
    const end = match(END, text, at)

    if (end !== undefined && key !== undefined) {
      const name = key.groups[0] ?? key.groups[1] ?? ''
      values.delete(name)

      if (value?.text !== undefined && fits(name, value.text)) {
        values.set(name, value.text)
      }
    }

    at = end?.end ?? match(REST, text, at)?.end ?? text.length
  }

  return values
}

function valueAt(text: string, at: number): { text: string | undefined; end: number } {
  const equals = match(EQUALS, text, at)

  if (equals === undefined) {
    return { text: undefined, end: at }
  }

  const { end } = equals
  const quote = text[end]

  if (quote === "'" || quote === '"') {
    const quoted = match(quote === "'" ? SINGLE : DOUBLE, text, end)
    return { text: quoted && withoutEscapes(quoted.groups[0] ?? '', quote), end: quoted?.end ?? end }
  }

  if (quote === '#' && equals.groups[0] !== '') {
    return { text: '', end }
  }

  const plain = match(PLAIN, text, end)!
  return { text: text.slice(end, plain.end).replace(TRAILING, ''), end: plain.end }
}

/** Whether an environment can hold it. */
function fits(name: string, value: string): boolean {
  return !name.includes('=') && !`${name}${value}`.includes('\0')
}

function withoutEscapes(text: string, quote: string): string {
  const escapes = quote === "'" ? /\\([\\'])/g : /\\([\\'"abfnrtv])/g
  return text.replace(escapes, (_, letter: string) => ESCAPES[letter] ?? letter)
}

function match(
  pattern: RegExp,
  text: string,
  at: number
): { end: number; groups: Array<string | undefined> } | undefined {
  pattern.lastIndex = at
  const found = pattern.exec(text)
  return found === null ? undefined : { end: pattern.lastIndex, groups: found.slice(1) }
}
