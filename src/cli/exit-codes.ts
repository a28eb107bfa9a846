import { NexusError, type NexusErrorCode } from '../errors.ts'
import { Interrupted } from './interrupt.ts'

/** What `nexus` exits with: scripts may rely on it. */
export const EXIT = {
  OK: 0,
  UNEXPECTED: 1,
  USAGE: 2,
  NO_WORKER: 3,
  FORBIDDEN: 4,
  REFUSED: 5,
  TIMEOUT: 6,
  UNREACHABLE: 7,
  OTHER: 8,
  APPLICATION: 9
} as const

/** Tells with which code the program is to exit when a command ended without an error; 0 without it. */
export type SetExitCode = (code: number) => void

/** Ends the help of the program. */
export const EXIT_CODES_HELP = `
Exit codes:
  0    it worked
  1    something unexpected, a step of the demo that did not hold, or a rule
       that the peer of conform breaks
  2    wrong usage: INVALID
  3    nobody serves this: NO_WORKER
  4    the caller does not have this service: FORBIDDEN
  5    a certificate was refused: REFUSED
  6    no answer in time: TIMEOUT
  7    not reached, or lost on the way: UNREACHABLE, LOST
  8    any other failure of a call: BUSY, NO_HANDLER, HANDLER_FAILED, TOO_LARGE, ...
  9    the worker's handler answered an error: APPLICATION
  130  interrupted by SIGINT (143: SIGTERM, 129: SIGHUP); relay, dev, authority serve,
       sub without --count and demo without --once end with 0 then
The codes of sidecar are its own: nexus sidecar --help`

const BY_CODE: Partial<Record<NexusErrorCode, number>> = {
  INVALID: EXIT.USAGE,
  NO_WORKER: EXIT.NO_WORKER,
  FORBIDDEN: EXIT.FORBIDDEN,
  REFUSED: EXIT.REFUSED,
  TIMEOUT: EXIT.TIMEOUT,
  UNREACHABLE: EXIT.UNREACHABLE,
  LOST: EXIT.UNREACHABLE,
  APPLICATION: EXIT.APPLICATION
}

/** The exit code that a failure ends the program with. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof Interrupted) {
    return error.exitCode
  }

  return error instanceof NexusError ? (BY_CODE[error.code] ?? EXIT.OTHER) : EXIT.UNEXPECTED
}
