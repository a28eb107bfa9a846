import { NexusError } from '../../errors.ts'
import { type Credential, heldStatements, type OpenedCredential, openCredential } from '../../identity/credential.ts'
import { type CertificateAnswer, credentialOf } from '../../identity/enrolment.ts'
import type { EnrolmentSecret } from '../../identity/enrolment-secret.ts'
import { peekGrant } from '../../identity/grant.ts'
import { generateKey, parseKey } from '../../identity/keys.ts'
import type { RevocationList } from '../../identity/revocation-list.ts'
import { leadsTo } from '../../identity/root-sets.ts'
import type { Part } from '../../lib/lifecycle.ts'
import type { Ed25519PrivateKey } from '../../types.ts'
import { AuthorityClient, EnrolmentError } from './authority-client.ts'
import { type KeptCredential, readKept, writeKept } from './kept-credential.ts'
import { RevocationWatch } from './revocation-watch.ts'
import { ServerClock } from './server-clock.ts'

/** What the service says when a certificate can't be renewed, and enrolling anew may help. */
const ENROL_ANEW = ['FORBIDDEN', 'REFUSED']

export interface EnrolledBlockInit {
  /** The URL of the service. */
  authority: string
  /** Absent: only a credential that is kept already is renewed. */
  secret: EnrolmentSecret | undefined
  resource: string | undefined
  /** The file that keeps key and certificate. */
  path: string
}

/** The credential of a block that an authority service enrols, kept in a file. */
export class EnrolledBlock {
  readonly clock = new ServerClock("the authority service's")
  readonly #init: EnrolledBlockInit
  readonly #client: AuthorityClient
  #kept: KeptCredential | undefined
  /** The lists of the block that runs. */
  #revocations: RevocationList | undefined
  #writing: Promise<void> = Promise.resolve()
  /** What `credential` gives first. */
  #isFresh = false

  private constructor(init: EnrolledBlockInit) {
    this.#init = init
    this.#client = new AuthorityClient(init.authority)
  }

  /**
   * Takes the credential that is kept, renewed when half of its time is over and the service answers; enrols when there
   * is none, it has ended, or the secret is another one. Rejects with `REFUSED`, `UNREACHABLE`, or `INVALID`: a bad URL,
   * or a file that is damaged or of another service.
   */
  static async open(init: EnrolledBlockInit): Promise<EnrolledBlock> {
    const block = new EnrolledBlock(init)
    block.#kept = await readKept(init.path)
    block.#checkFile()
    await block.#bringUpToDate()
    block.#isFresh = true
    return block
  }

  /** The addresses that the service told last. */
  get bootstrap(): string[] {
    return this.#kept?.bootstrap ?? []
  }

  /** First the credential of `open`, then the next one. Rejects as `open` does; the file is as it was then. */
  readonly credential = async (): Promise<Credential> => {
    if (!this.#isFresh) {
      const hasMore = await this.#takeGrants()
      await this.#next().catch((error: unknown) => {
        if (!hasMore) {
          throw error
        }
      })
    }

    this.#isFresh = false
    return this.#kept!.credential
  }

  /** What follows the service's revocation list while the block runs. */
  watch(revocations: RevocationList): Part {
    this.#revocations = revocations
    return new RevocationWatch({ client: this.#client, revocations, keep: () => this.#keepLists(revocations) })
  }

  #checkFile(): void {
    const given = this.#kept?.authority

    if (given !== undefined && given !== this.#client.origin) {
      const what = `the credential in ${this.#init.path} was given by ${given}, not by ${this.#client.origin}`
      throw new NexusError('INVALID', `${what}: name another file, or remove it to enrol with a new key`)
    }
  }

  async #bringUpToDate(): Promise<void> {
    const opened = await this.#open()
    const { secret } = this.#init

    if (opened === undefined || (secret !== undefined && this.#kept?.secret !== secret.id)) {
      await this.#enrol()
      return
    }

    const { issuedAt, expiresAt } = opened.certificate

    if (this.clock.read() > (issuedAt + expiresAt) / 2) {
      // The one that is kept holds still: the block goes on with it, and tries again.
      await this.#next().catch(ignoreUnreachable)
    }
  }

  /** What is kept, when it holds. */
  async #open(): Promise<OpenedCredential | undefined> {
    if (this.#kept === undefined) {
      return undefined
    }

    try {
      return await openCredential(this.#kept.credential, { clock: this.clock.read })
    } catch (error) {
      const isOver = error instanceof NexusError && (error.reason === 'EXPIRED' || error.reason === 'NOT_YET_VALID')
      if (isOver && this.#init.secret !== undefined) {
        return undefined
      }
      throw error
    }
  }

  async #next(): Promise<void> {
    const opened = await this.#open()

    if (opened === undefined) {
      await this.#enrol()
      return
    }

    const { certificate, privateKey: key } = opened

    try {
      await this.#keep(key, await this.#client.renew({ key, app: certificate.app }, certificate.token))
    } catch (error) {
      const mayEnrol = error instanceof EnrolmentError && ENROL_ANEW.includes(error.refusal ?? '')
      if (!mayEnrol || this.#init.secret === undefined) {
        throw error
      }
      await this.#enrol()
    }
  }

  async #enrol(): Promise<void> {
    const { secret, resource } = this.#init

    if (secret === undefined) {
      throw new NexusError('INVALID', 'no secret to enrol with: give secret, or set SERVICE_SECRET or EXPLORE_SECRET')
    }

    const key = this.#kept === undefined ? await generateKey() : parseKey(this.#kept.credential.key)
    await this.#keep(key, await this.#client.enroll({ key, app: secret.app }, { secret: secret.text, resource }))
  }

  async #keep(key: Ed25519PrivateKey, answer: CertificateAnswer): Promise<void> {
    this.clock.learn(answer.time)
    const credential = credentialOf(key, answer)
    const before = this.#kept

    // Whoever answers in the service's place must not become what this block trusts.
    if (before !== undefined && !(await isTrusted(before.credential, answer))) {
      const what = `${this.#client.origin} has another root key than when this block enrolled`
      throw new NexusError('INVALID', `${what}: remove ${this.#init.path} if that is right`)
    }

    const { revocations } = await openCredential(credential, { clock: this.clock.read })

    for (const list of this.#revocations?.tokens ?? []) {
      await revocations.offer(list)
    }

    const { origin: authority } = this.#client
    const secret = this.#init.secret?.id ?? before?.secret
    const kept = {
      credential: {
        ...credential,
        ...heldStatements(revocations),
        grants: [...credential.grants, ...this.#ownersGrants()]
      },
      authority,
      secret,
      bootstrap: answer.bootstrap
    }
    this.#kept = kept
    await this.#write()
  }

  /** Takes up what somebody else has put into the file: grants of apps' owners. Gives whether there are others. */
  async #takeGrants(): Promise<boolean> {
    const file = await readKept(this.#init.path)
    const before = this.#kept

    if (file === undefined || before === undefined) {
      return false
    }

    const held = new Set(before.credential.grants.map(({ grant }) => grant))
    const added = ofOwners(file.credential.grants).filter(({ grant }) => !held.has(grant))
    this.#kept = { ...before, credential: { ...before.credential, grants: [...before.credential.grants, ...added] } }
    return added.length > 0
  }

  async #keepLists(revocations: RevocationList): Promise<void> {
    if (this.#kept !== undefined) {
      this.#kept = { ...this.#kept, credential: { ...this.#kept.credential, ...heldStatements(revocations) } }
      await this.#write()
    }
  }

  /** Those that the service did not give, and does not give again. */
  #ownersGrants(): Credential['grants'] {
    const now = this.clock.read()
    return ofOwners(this.#kept?.credential.grants ?? []).filter(({ grant }) => peekGrant(grant).expiresAt > now)
  }

  /** One after the other: the file ends as what is kept. */
  #write(): Promise<void> {
    const write = async (): Promise<void> => writeKept(this.#init.path, this.#kept!)
    this.#writing = this.#writing.then(write, write)
    return this.#writing
  }
}

function ofOwners(grants: Credential['grants']): Credential['grants'] {
  return grants.filter(({ issuerCertificate }) => issuerCertificate !== undefined)
}

/** Whether a root of the answer is one that was trusted, or that root sets lead to from there. */
async function isTrusted({ network, roots, rootSets = [] }: Credential, answer: CertificateAnswer): Promise<boolean> {
  const sets = [...rootSets, ...(answer.rootSets ?? [])]
  const trusted = await Promise.all(answer.roots.map((root) => leadsTo({ network, roots, rootSets: sets }, root)))
  return trusted.includes(true)
}

function ignoreUnreachable(error: unknown): void {
  if (!(error instanceof NexusError && error.code === 'UNREACHABLE')) {
    throw error
  }
}
