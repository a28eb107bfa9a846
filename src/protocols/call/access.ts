import { NexusError } from '../../errors.ts'
import { checkGrant, type Grant, verifyGrant } from '../../identity/grant.ts'
import type { CertificateVerifier } from '../../identity/verifier.ts'
import { KeyedCounter } from '../../lib/keyed-counter.ts'
import type { Identity } from '../../types.ts'
import type { PeerSession } from '../session/session-table.ts'

/** Grants of one session that are checked at a time: a peer shows one, and another when it was renewed. */
const MAX_CHECKS = 4

export interface AccessInit {
  /** Who this block is. */
  self: Identity
  /** `false`: this worker exists for its own user and its app's owner alone. */
  isPublic: boolean
  verifier: CertificateVerifier
}

/** Decides, from certificates and grants alone, who may use this worker. No question leaves the process. */
export class Access {
  readonly #init: AccessInit
  readonly #checks = new KeyedCounter<PeerSession>()

  constructor(init: AccessInit) {
    this.#init = init
  }

  /** Whether this worker exists for a peer: a public one for all, another for its own user and its app's owner. */
  isVisibleTo(peer: Identity): boolean {
    const { self, isPublic } = this.#init
    return isPublic || peer.uid === self.uid || (peer.app === self.app && peer.role === 'owner')
  }

  /** Throws unless this block is a worker that exists for the peer: `FORBIDDEN`, `NO_WORKER`. */
  checkServes(peer: Identity): void {
    if (this.#init.self.block !== 'worker') {
      throw new NexusError('FORBIDDEN', 'this block is no worker: it takes no calls and no directs')
    }

    if (!this.isVisibleTo(peer)) {
      throw new NexusError('NO_WORKER', 'no such worker')
    }
  }

  /**
   * Takes up a grant that a peer shows, and checks it in the background: the calls that need it wait. One that comes
   * while four are being checked is left out.
   */
  show(from: PeerSession, token: string, issuerCertificate: string | undefined): void {
    const { self, verifier } = this.#init

    if (this.#checks.of(from) >= MAX_CHECKS) {
      return
    }

    this.#checks.add(from)
    const checked = verifyGrant({ token, issuerCertificate }, { holderUid: from.peer.uid, app: self.app, verifier })
    from.grant = checked
    checked
      .then((grant) => {
        if (from.grant === checked) {
          from.grant = grant
        }
      })
      // The calls that need the grant get this error; here it only must not count as unhandled.
      .catch(() => undefined)
      .finally(() => this.#checks.remove(from))
  }

  /**
   * Throws `FORBIDDEN` unless the peer has this app's service: it is the app's owner or partner, or has shown a grant
   * that holds now. Gives the grant that lets it in, none for owner and partner; at once when nothing is left to wait
   * for.
   */
  checkHasService(from: PeerSession): Grant | undefined | Promise<Grant> {
    const { self, verifier } = this.#init
    const { peer, grant } = from

    if (peer.app === self.app && peer.role !== 'user') {
      return undefined
    }

    if (grant === undefined) {
      throw new NexusError('FORBIDDEN', `${peer.jid} does not have the service of ${self.app}: no grant was shown`)
    }

    if (grant instanceof Promise) {
      return grant.then(
        (checked) => checkHolds(checked, verifier, peer),
        (error) => Promise.reject(forbidden(error))
      )
    }

    return checkHolds(grant, verifier, peer)
  }
}

function checkHolds(grant: Grant, verifier: CertificateVerifier, peer: Identity): Grant {
  try {
    checkGrant(grant, verifier)
  } catch (error) {
    throw forbidden(error)
  }

  if (grant.holder !== peer.uid) {
    throw new NexusError('FORBIDDEN', `the grant is not of ${peer.uid}`)
  }

  return grant
}

function forbidden(error: unknown): NexusError {
  const why = error instanceof NexusError ? error.message : 'the grant could not be checked'
  return new NexusError('FORBIDDEN', `the grant was refused: ${why}`, { cause: error })
}
