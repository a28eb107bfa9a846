import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')

/** So that a `WeakRef` tells whether anything still holds its target. */
export const collectGarbage = runInNewContext('gc') as () => void
