import type { Ed25519PrivateKey } from '@libp2p/interface'
import { NexusError } from '../errors.ts'
import { authorityName, ClaimReader, toSeconds } from './claims.ts'
import type { TrustedRoots } from './issuing-key.ts'
import { checkNetwork } from './jid.ts'
import { decodeJws, type JwsKind, signJws, type UncheckedJws, verifyJws } from './jws.ts'
import { checkPeerId } from './keys.ts'
import { refused } from './refused.ts'

const ROOTS: JwsKind = { noun: 'root set', typ: 'nexus-roots+jwt', maxBytes: 4_096 }
const MAX_ROOTS = 8
/** Sets that are kept to hand on: as many rotations as a member may have missed, two for each. */
const MAX_SETS = 32

/** Which root keys a network trusts from now on, as one that it trusted before has signed. */
export interface RootSet {
  /** Counts up with each set of a network. */
  readonly version: number
  /** Peer ids. */
  readonly roots: readonly string[]
  /** The root that signed it. */
  readonly signer: string
  readonly token: string
}

/** Signs a set of roots with a root key of the set before. `issuedAt` is in ms since 1970. Throws `INVALID`. */
export function signRootSet(
  root: { privateKey: Ed25519PrivateKey; network: string },
  set: { version: number; roots: readonly string[]; issuedAt: number }
): Promise<string> {
  const network = checkNetwork(root.network)
  return signJws(ROOTS, root.privateKey, {
    iss: authorityName(network),
    aud: network,
    iat: toSeconds(set.issuedAt),
    ver: set.version,
    roots: checkRoots(set.roots)
  })
}

/** What a set says. Throws `REFUSED` in the order of `readCertificate`; `WRONG_ROOT` when none of `trust` signed it. */
export async function readRootSet(token: string, trust: TrustedRoots): Promise<RootSet> {
  const jws = decodeJws(ROOTS, token)
  const claims = new ClaimReader(jws)
  claims.network(trust.network)

  if (!trust.roots.has(jws.kid)) {
    throw refused('WRONG_ROOT', 'the root set is signed by none of the roots that are trusted')
  }

  await verifyJws(jws)
  claims.equals('iss', authorityName(trust.network))
  claims.second('iat')
  return claimed(jws)
}

/** What a set says, unverified: for the authority that keeps it. Throws `REFUSED`. */
export function peekRootSet(token: string): RootSet {
  return claimed(decodeJws(ROOTS, token))
}

function claimed(jws: UncheckedJws): RootSet {
  const claims = new ClaimReader(jws)
  const [version, roots] = [claims.version('ver'), claims.checked('roots', checkRoots)]
  return { version, roots, signer: jws.kid, token: jws.token }
}

/** The root keys that a network trusts, and how they change: each set is signed by a root of the one before. */
export class RootTrust implements TrustedRoots {
  readonly network: string
  readonly #roots: Set<string>
  readonly #sets: RootSet[] = []
  readonly #listeners = new Set<() => void>()

  /** `roots`: the peer ids to begin with. Throws `INVALID`. */
  constructor(init: { network: string; roots: Iterable<string> }) {
    this.network = checkNetwork(init.network)
    this.#roots = new Set(Array.from(init.roots, checkPeerId))
  }

  /** Those that are trusted now: it changes with each set. */
  get roots(): ReadonlySet<string> {
    return this.#roots
  }

  /** The version of the newest set; 0: those of the beginning. */
  get version(): number {
    return this.#sets.at(-1)?.version ?? 0
  }

  /** The sets that were taken, the oldest first, to hand on. */
  get tokens(): string[] {
    return this.#sets.map(({ token }) => token)
  }

  /** Those of a later version. */
  since(version: number): string[] {
    return this.#sets.filter((set) => set.version > version).map(({ token }) => token)
  }

  /**
   * Takes a set that somebody shows: `true` when it is newer, and signed by a root that is trusted now; `false` when it
   * is one that is known, or older. Throws `REFUSED`.
   */
  async offer(token: string): Promise<boolean> {
    if (this.#sets.some((set) => set.token === token)) {
      return false
    }

    const set = await readRootSet(token, this)

    if (set.version <= this.version) {
      return false
    }

    this.#sets.push(set)
    if (this.#sets.length > MAX_SETS) {
      this.#sets.shift()
    }
    this.#roots.clear()
    for (const root of set.roots) {
      this.#roots.add(root)
    }
    for (const listener of [...this.#listeners]) {
      listener()
    }
    return true
  }

  /** The same for several, of which those are passed over that are signed by roots of other times. */
  async offerAll(tokens: readonly string[]): Promise<void> {
    for (const token of tokens) {
      await this.offer(token).catch(ignoreRefused)
    }
  }

  /** Calls `listener`, which must not throw, after each newer set. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener)
  }
}

/** Whether who trusts `roots` comes to trust `root` by these sets. */
export async function leadsTo(
  {
    network,
    roots,
    rootSets = []
  }: { network: string; roots: Iterable<string>; rootSets?: readonly string[] | undefined },
  root: string
): Promise<boolean> {
  const trust = new RootTrust({ network, roots })
  await trust.offerAll(rootSets)
  return trust.roots.has(root)
}

function checkRoots(value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_ROOTS) {
    throw new NexusError('INVALID', `bad root set: 1-${MAX_ROOTS} peer ids`)
  }

  return value.map(checkPeerId)
}

function ignoreRefused(error: unknown): void {
  if (!(error instanceof NexusError && error.code === 'REFUSED')) {
    throw error
  }
}
