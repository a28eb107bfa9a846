/** What a user is to an app: `owner` made it, `partner` works with the owner, `user` uses it. */
export type Role = 'owner' | 'partner' | 'user'

/** What kind of program a block is. Only a `worker` serves API and receives Direct. */
export type BlockKind = 'worker' | 'xwebsite' | 'adminpanel' | 'device' | 'relay'

/** Who a block is, as its verified certificate says. */
export interface Identity {
  /** The trust domain, named like a DNS domain. */
  network: string
  /** `[a-z][a-z0-9]{0,62}` */
  app: string
  /** 1-64 of `[A-Za-z0-9]` */
  uid: string
  role: Role
  block: BlockKind
  /** 1-64 of `[A-Za-z0-9._]` */
  resource: string
  /** `app-uid-role@network/resource` */
  jid: string
  /** The libp2p peer id, base58, that the certificate is bound to. */
  peerId: string
}
