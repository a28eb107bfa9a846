/** A grant as it is shown, as a credential holds it, and as JSON carries it. It is no secret: it is worth nothing to others. */
export interface GrantText {
  /** A compact JWS. */
  grant: string
  /** The certificate of the block that signed it; absent when the authority did. */
  issuerCertificate?: string
}

/** Who gets a service. */
export interface GrantRequest {
  /** The user who gets the service of this block's app. */
  uid: string
  /** For so many ms, 365 days by default. It ends with this block's own certificate at the latest, and not with its renewals. */
  validForMs?: number
}

/** How users get services without an authority. */
export interface NexusGrants {
  /**
   * Signs a grant: the user has the service of this block's app. Nobody is asked, and nothing is sent: hand it to a block
   * of that user, which takes it with `addGrant`.
   *
   * Rejects with
   * - `FORBIDDEN`: this block is not one of the app's owner
   * - `INVALID`: a bad user id or time
   * - `STOPPED`: this block was stopped
   *
   * @example
   * ```ts
   * await nexus.direct({ app: 'shop', body: await nexus.grant({ uid: 'carl', validForMs: 24 * 60 * 60_000 }) })
   * ```
   */
  grant: (request: GrantRequest) => Promise<GrantText>

  /**
   * Takes a grant of this block's user, and shows it from the next call on, over the sessions that there are. It is held
   * until this block stops: put it into the credential, too, to have it after a restart.
   *
   * Rejects with
   * - `REFUSED`: workers would not take it, or it is another user's; `reason` says why
   * - `INVALID`: it is no grant
   * - `STOPPED`: this block was stopped
   *
   * @example
   * ```ts
   * import type { GrantText } from 'nexus-mesh'
   *
   * nexus.onDirect<GrantText>(({ body }) => nexus.addGrant(body))
   * ```
   */
  addGrant: (grant: GrantText) => Promise<void>
}
