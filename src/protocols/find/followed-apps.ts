import type { SignedGossip } from '../gossip/signed-gossip.ts'
import { leaseTopic } from '../gossip/topic-names.ts'

/** Apps that are followed; the one not asked for longest is left. */
const MAX_FOLLOWED = 256

/** What is known of the workers of one app. */
export interface FollowedApp {
  readonly app: string
  /** The first question is over. */
  ready: boolean
  /** A peer has answered the latest question: else an empty list says nothing. */
  answered: boolean
  refreshing: Promise<void> | undefined
  refreshedAt: number
  searchedAt: number
  /** Which question about any app was the last about this one. */
  askedAt: number
}

export interface FollowedAppsInit {
  network: string
  gossip: SignedGossip
}

/** The apps whose leases this block follows, as somebody here has asked for their workers. */
export class FollowedApps {
  readonly #init: FollowedAppsInit
  readonly #apps = new Map<string, FollowedApp>()
  #asked = 0

  constructor(init: FollowedAppsInit) {
    this.#init = init
  }

  has(app: string): boolean {
    return this.#apps.has(app)
  }

  /** An app that is followed, for somebody who asks for it now. */
  ask(app: string): FollowedApp | undefined {
    const followed = this.#apps.get(app)

    if (followed !== undefined) {
      followed.askedAt = ++this.#asked
    }
    return followed
  }

  /** The same; from now on the app is followed. */
  follow(app: string): FollowedApp {
    const known = this.ask(app)

    if (known !== undefined) {
      return known
    }

    if (this.#apps.size >= MAX_FOLLOWED) {
      this.#leaveOldest()
    }

    const followed: FollowedApp = {
      app,
      ready: false,
      answered: false,
      refreshing: undefined,
      refreshedAt: -Infinity,
      searchedAt: -Infinity,
      askedAt: ++this.#asked
    }
    this.#init.gossip.join(this.#topic(app))
    this.#apps.set(app, followed)
    return followed
  }

  all(): Iterable<FollowedApp> {
    return this.#apps.values()
  }

  stop(): void {
    for (const app of this.#apps.keys()) {
      this.#init.gossip.leave(this.#topic(app))
    }
    this.#apps.clear()
  }

  #leaveOldest(): void {
    const [oldest] = [...this.#apps.values()].sort((one, other) => one.askedAt - other.askedAt)

    if (oldest !== undefined) {
      this.#apps.delete(oldest.app)
      this.#init.gossip.leave(this.#topic(oldest.app))
    }
  }

  #topic(app: string): string {
    return leaseTopic(this.#init.network, app)
  }
}
