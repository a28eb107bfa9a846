import type { NexusError } from '../../errors.ts'
import { toError } from '../../lib/to-error.ts'
import type { Nexus, NexusStatus } from '../../types.ts'
import type { JoinOptions } from '../join.ts'

/** How long a block outlives the last component that uses it: frameworks take components away and bring them back. */
const LINGER_MS = 1_000

/** What a component sees of the mesh. */
export interface MeshState {
  /** The block, once it has joined. */
  readonly nexus: Nexus | undefined
  /** As `nexus.status` and `nexus.onStatus` tell it. */
  readonly status: NexusStatus | undefined
  /** Why it has not joined: what `joinMesh` rejects with. */
  readonly error: NexusError | undefined
  /** Tries once more after an error. */
  readonly retry: () => void
}

const NOTHING = { nexus: undefined, status: undefined, error: undefined }

/** Where nobody has joined and nobody will. */
export const NO_MESH: MeshState = { ...NOTHING, retry: () => undefined }

/** One block of this page, for as long as a component uses it. */
export class SharedMesh {
  /** Taken when it joins. */
  options: JoinOptions
  readonly #listeners = new Set<() => void>()
  readonly #retry = (): void => void (this.#state.error !== undefined && this.#rejoin())
  #state: MeshState = { ...NOTHING, retry: this.#retry }
  #holders = 0
  #life: AbortController | undefined
  #leaving: ReturnType<typeof setTimeout> | undefined

  constructor(options: JoinOptions) {
    this.options = options
  }

  get isUsed(): boolean {
    return this.#life !== undefined
  }

  /** The same object until something has changed. */
  readonly state = (): MeshState => this.#state

  /** Gives a function that ends it. */
  readonly onChange = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Joins, when nobody has yet. Gives a function that lets go of it: after the last one the block leaves. */
  readonly hold = (): (() => void) => {
    this.#holders++
    clearTimeout(this.#leaving)

    if (this.#life === undefined) {
      void this.#join()
    }

    let isHeld = true
    return () => {
      if (isHeld && --this.#holders === 0) {
        this.#leaving = setTimeout(() => this.#leave(), LINGER_MS)
      }
      isHeld = false
    }
  }

  async #join(): Promise<void> {
    const life = new AbortController()
    this.#life = life
    const isOver = (): boolean => this.#life !== life

    try {
      // The mesh is loaded when the first component wants it.
      const { joinMesh } = await import('../join.ts')
      const nexus = await joinMesh({ ...this.options, signal: life.signal })
      life.signal.addEventListener('abort', () => void nexus.stop().catch(() => undefined))

      if (isOver()) {
        await nexus.stop()
        return
      }

      this.#set({ nexus, status: nexus.status, error: undefined })
      nexus.onStatus((status) => void (isOver() || this.#set({ nexus, status, error: undefined })))
    } catch (error) {
      if (!isOver()) {
        this.#set({ ...NOTHING, error: toError(error) as NexusError })
      }
    }
  }

  #rejoin(): void {
    this.#set(NOTHING)
    void this.#join()
  }

  #leave(): void {
    this.#life?.abort()
    this.#life = undefined
    this.#set(NOTHING)
  }

  #set(state: Omit<MeshState, 'retry'>): void {
    this.#state = { ...state, retry: this.#retry }

    for (const listener of this.#listeners) {
      listener()
    }
  }
}

const meshes = new Map<string, SharedMesh>()

/** The block of this page for the site's `url` and the key's `name`: components that ask for the same share one. */
export function sharedMesh(options: JoinOptions): SharedMesh {
  const key = `${options.url ?? ''} ${options.name ?? ''}`
  const mesh = meshes.get(key) ?? new SharedMesh(options)
  meshes.set(key, mesh)

  if (!mesh.isUsed) {
    mesh.options = options
  }

  return mesh
}
