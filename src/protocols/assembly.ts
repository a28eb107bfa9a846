/** A body that arrives in parts. */
export class Assembly {
  readonly bytes: Uint8Array
  #filled = 0

  constructor(size: number) {
    this.bytes = new Uint8Array(size)
  }

  /** Whether every byte has arrived. */
  get complete(): boolean {
    return this.#filled === this.bytes.byteLength
  }

  /** Takes the next part. `false`: it exceeds the size that was declared. */
  add(part: Uint8Array): boolean {
    if (part.byteLength > this.bytes.byteLength - this.#filled) {
      return false
    }

    this.bytes.set(part, this.#filled)
    this.#filled += part.byteLength
    return true
  }
}

/** The memory for the bodies of one peer that arrive in parts. */
export class AssemblyRoom {
  #free: number

  constructor(maxBytes: number) {
    this.#free = maxBytes
  }

  /** Bytes that may still be declared. */
  get free(): number {
    return this.#free
  }

  /** Begins a body with its first part. `undefined`: there is no room for it now. */
  open(size: number, first: Uint8Array): Assembly | undefined {
    if (size > this.#free) {
      return undefined
    }

    const assembly = new Assembly(size)
    this.#free -= size
    assembly.add(first)
    return assembly
  }

  /** Gives back the room of a body that is complete or given up. */
  release(assembly: Assembly | undefined): undefined {
    this.#free += assembly?.bytes.byteLength ?? 0
  }
}
