import { NexusError } from '../errors.ts'
import type { Credential } from '../identity/credential.ts'
import { type CertificateAnswer, credentialOf } from '../identity/enrolment.ts'
import { createBlock } from '../node/create-block.ts'
import { ServerClock } from '../node/enrol/server-clock.ts'
import type { NexusOptions } from '../node/options.ts'
import { releasing } from '../node/releasing.ts'
import { browserPlatform } from '../node/runtime/browser.ts'
import type { Clock, Nexus, NexusNotice } from '../types.ts'
import { enrol } from './enrol.ts'
import { openPageKey, type PageKey } from './key-store.ts'

export interface JoinOptions extends Omit<NexusOptions, 'credential' | 'authority' | 'secret' | 'resource'> {
  /** Where the site gives certificates. Default `/nexus/certificate`, of this page's origin. */
  url?: string | URL
  /** Tells the keys of several apps of one site apart. Default `default`. */
  name?: string
}

/**
 * Joins the mesh as the user who is logged in at this page's site: takes this tab's key, or makes one, has the site
 * sign a certificate for it (10 s at most) and starts a block, with the relays that the site names unless `bootstrap`
 * does. Resolves when the first of them is connected. The certificate is renewed for as long as the block runs. When
 * the site does not answer, the certificate of the last time is used while it holds.
 *
 * Rejects with
 * - `REFUSED`: the site gives no certificate (nobody is logged in, say), or the mesh refuses it; `reason` says why
 * - `UNREACHABLE`: the site does not answer and there is no certificate of the last time, or no relay answers
 * - `INVALID`: a bad option, or an answer of the site that makes no sense
 * - `CANCELLED`: `signal` aborted
 *
 * @example
 * ```ts
 * import { joinMesh } from 'nexus-mesh/page'
 *
 * const nexus = await joinMesh()
 * nexus.onStatus(({ state, message }) => console.log(state, message))
 * await nexus.subscribe<string>('news', ({ body, from }) => console.log(from.jid, body))
 * ```
 */
export async function joinMesh(options: JoinOptions = {}): Promise<Nexus> {
  const { url = '/nexus/certificate', name = 'default', ...others } = options
  const site = new URL(url, location.href)
  const key = await openPageKey(name)
  const enrolment = new Enrolment(site, key)

  try {
    const answer = await enrolment.first()
    const nexus = await createBlock(
      { bootstrap: answer.bootstrap, ...others, credential: () => enrolment.credential() },
      browserPlatform,
      { notices: [...key.notices, ...enrolment.notices], clock: enrolment.clock }
    )
    return releasing(nexus, key.release)
  } catch (error) {
    key.release()
    throw error
  }
}

/** The certificate of one key, as the site gives it. */
class Enrolment {
  readonly #site: URL
  readonly #key: PageKey
  /** What `credential` gives first. */
  #fresh: CertificateAnswer | undefined
  readonly #clock = new ServerClock("the site's")

  constructor(site: URL, key: PageKey) {
    this.#site = site
    this.#key = key
  }

  get clock(): Clock {
    return this.#clock.read
  }

  get notices(): NexusNotice[] {
    return this.#clock.notices
  }

  async first(): Promise<CertificateAnswer> {
    this.#fresh = await this.#ask().catch((error: unknown) => this.#lastTimes(error))
    return this.#fresh
  }

  async credential(): Promise<Credential> {
    const answer = this.#fresh ?? (await this.#ask())
    this.#fresh = undefined
    return credentialOf(this.#key.privateKey, answer)
  }

  async #ask(): Promise<CertificateAnswer> {
    const answer = await enrol(this.#site, this.#key.privateKey)
    this.#clock.learn(answer.time)
    // What cannot be kept is asked for again the next time.
    await this.#key.keep(answer).catch(() => undefined)
    return answer
  }

  // A certificate that does not hold any more is refused when the block opens it.
  #lastTimes(error: unknown): CertificateAnswer {
    const { answer } = this.#key

    if (answer === undefined || (error instanceof NexusError && error.code === 'REFUSED')) {
      throw error
    }

    return answer
  }
}
