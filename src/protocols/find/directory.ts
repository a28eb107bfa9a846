import type { Identity, Target } from '../../types.ts'

export interface LookUpOptions {
  /** In ms. */
  timeoutMs: number
  signal?: AbortSignal
}

/** Who serves what, as far as this block knows or can find out. */
export interface Directory {
  /** Live workers from memory, a list that must not be changed; `undefined` when nothing is known of the app yet. */
  known: (target: Target) => Identity[] | undefined
  /** Asks the mesh, and gives the live workers known then. */
  lookUp: (target: Target, options: LookUpOptions) => Promise<Identity[]>
  /** Why an empty list of an app's workers says nothing: nobody could be asked. `undefined` when somebody was. */
  unasked: (app: string) => string | undefined
  /** A worker could not be reached: it is checked, and leaves the list if it is gone. */
  suspect: (peerId: string) => void
}
