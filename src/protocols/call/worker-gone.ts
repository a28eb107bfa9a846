/**
 * What a handler throws that stands for a program elsewhere, when that program went away. Unlike anything else that a
 * handler throws, its code travels: `LOST` when the program had the call, `UNREACHABLE` when it certainly had not.
 */
export class WorkerGone extends Error {
  override readonly name = 'WorkerGone'
  readonly code: 'LOST' | 'UNREACHABLE'

  constructor(code: 'LOST' | 'UNREACHABLE', cause: unknown) {
    super(code === 'LOST' ? 'the program ended before it answered' : 'the program has ended', { cause })
    this.code = code
  }
}
