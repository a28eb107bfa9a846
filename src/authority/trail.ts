import { Allowances } from '../lib/allowances.ts'
import type { Clock } from '../types.ts'
import type { Audit } from './store/audit.ts'

/** Refusals that are logged of one source: whoever is refused without end must not fill the disk. */
const REFUSALS_LOGGED = { burst: 200, perSecond: 0.2 }

/** What is known so far of one request, for the audit log. */
export interface Trail {
  source: string
  /** See `AuditEntry`. */
  actor: string
  action: string
  detail: Record<string, unknown>
}

/** Writes into the audit log what became of requests. */
export class TrailLog {
  readonly #audit: Audit
  readonly #clock: Clock
  readonly #refusals: Allowances

  constructor(audit: Audit, clock: Clock, now: () => number) {
    this.#audit = audit
    this.#clock = clock
    this.#refusals = new Allowances(now)
  }

  /** It was done: to be called in the transaction that did it. */
  done(trail: Trail): void {
    this.#audit.add({ ...trail, outcome: 'ok' }, this.#clock())
  }

  refused(trail: Trail, outcome: string, message: string): void {
    if (this.#refusals.take(trail.source, 1, REFUSALS_LOGGED)) {
      this.#audit.add({ ...trail, outcome, detail: { ...trail.detail, message } }, this.#clock())
    }
  }
}
