import { NexusError } from '../../errors.ts'
import type { HeldGrant } from '../../identity/credential.ts'
import { now } from '../../lib/now.ts'
import type { ApiRequest, Identity } from '../../types.ts'
import { decodeBody, encodeBody } from '../body/body.ts'
import { checkCallOptions, checkTarget } from '../find/target.ts'
import type { PeerSession } from '../session/session-table.ts'
import { checkCommand } from './api-server.ts'
import type { Router } from './router.ts'

export interface ApiClientInit {
  self: Identity
  routing: Router
  /** The grants that this block holds. */
  grants: () => readonly HeldGrant[]
  /**
   * Asks for the grants anew, where somebody gives them. Gives whether there is another for this app now. Absent: nobody
   * does. Must not reject.
   */
  refreshGrants?: ((app: string) => Promise<boolean>) | undefined
  bodyLimitBytes: number
}

/** Calls commands of workers. */
export class ApiClient {
  readonly #init: ApiClientInit

  constructor(init: ApiClientInit) {
    this.#init = init
  }

  /** Calls a command and gives the answer's body. Rejects with any code of `NexusError` but `REFUSED`. */
  async call<R>(request: ApiRequest): Promise<R> {
    checkTarget(request)
    checkCallOptions(request)
    checkCommand(request.cmd)
    const body = encodeBody(request.body ?? null, this.#init.bodyLimitBytes)
    const { refreshGrants } = this.#init

    if (refreshGrants === undefined) {
      return this.#route<R>(request, body)
    }

    const since = now()
    return this.#route<R>(request, body).catch(async (error: unknown) => {
      // It has not run: access is decided before the handler.
      if (!(error instanceof NexusError && error.code === 'FORBIDDEN' && (await refreshGrants(request.app)))) {
        throw error
      }

      const { timeoutMs } = request
      const leftMs = timeoutMs === undefined ? undefined : Math.max(1, Math.ceil(timeoutMs - (now() - since)))
      return this.#route<R>({ ...request, timeoutMs: leftMs }, body)
    })
  }

  #route<R>(request: ApiRequest, { type, bytes }: ReturnType<typeof encodeBody>): Promise<R> {
    const { cmd, signal, idempotent: isRepeatable } = request
    return this.#init.routing.route(request, request, async (to, timeoutMs) => {
      this.#showGrant(to)
      const answer = await to.session.request({ cmd, type, body: bytes, timeoutMs, signal, isRepeatable })
      return decodeBody(answer.type, answer.body, answer.isBodyOwn) as R
    })
  }

  // Once a session, in the same write as the first call that needs it, and again when it was renewed. A worker that
  // wants one and sees none says so.
  #showGrant(to: PeerSession): void {
    if (to.peer.app === this.#init.self.app && this.#init.self.role !== 'user') {
      return
    }

    let newest: HeldGrant | undefined

    for (const held of this.#init.grants()) {
      if (held.app === to.peer.app && (newest === undefined || held.expiresAt > newest.expiresAt)) {
        newest = held
      }
    }

    if (newest !== undefined && newest.grant !== to.grantShown) {
      to.session.sendGrant(newest.grant, newest.issuerCertificate)
      to.grantShown = newest.grant
    }
  }
}
