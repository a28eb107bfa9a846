/** What makes a kind: each is loaded when it is asked for, so that a process holds that of its own alone. */
export type Choices<T> = Record<string, () => Promise<T>>

export function choose<T>(what: string, choices: Choices<T>, name: string): Promise<T> {
  const make = choices[name]

  if (make === undefined) {
    throw new Error(`no such ${what}: ${name}; there are ${Object.keys(choices).join(', ')}`)
  }
  return make()
}
