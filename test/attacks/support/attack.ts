/** What an attacker knows. */
export interface Target {
  /** The relay's addresses. */
  relay: string[]
  /** The worker's addresses. */
  worker: string[]
}

/** A thing that a member does to others. */
export interface Attack {
  /** The item of the threat model that it stands for, for people. */
  what: string
  /** Whether honest clients reach the worker directly, not through the relay's circuits. */
  direct?: boolean
  /** Begins, and gives what tells how far it has come. */
  begin: (target: Target) => Promise<() => string>
}
