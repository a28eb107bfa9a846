import { NexusError } from '../errors.ts'
import type { Clock } from '../types.ts'
import { Authority } from './authority.ts'
import { trustOf } from './enrolment.ts'
import { generateKey, parseKey } from './keys.ts'
import { peekRootSet, signRootSet } from './root-sets.ts'

/** A step of a rotation of root keys. */
export interface RotationStep {
  /** The authority with the set in it, to be kept in the place of the one before. */
  authority: Authority
  /** The root set, a compact JWS, to be brought into the mesh. */
  set: string
}

/**
 * Begins a rotation: a new root key, which is trusted beside those of now by the set that comes along. The new authority
 * goes on with the revocation list; `former` is the one that signed the set, which holds until `retireRoots`. Rejects
 * with `INVALID` for an authority with an issuing key.
 */
export async function rotateRoot(
  authority: Authority,
  { clock = Date.now }: { clock?: Clock } = {}
): Promise<RotationStep & { former: Authority }> {
  const next = await Authority.create({ network: authority.network, privateKey: await generateKey() })
  const set = await signNext(authority, [...trustOf(authority).roots, next.rootId], clock)
  const { revocations } = authority.toJSON()
  const rootSets = [...authority.rootSets, set]
  return {
    authority: Authority.fromJSON({ ...next.toJSON(), rootSets, revocations }, { clock }),
    former: Authority.fromJSON({ ...authority.toJSON(), rootSets }, { clock }),
    set
  }
}

/**
 * Ends a rotation: from the set that comes along on, this authority's root key alone is trusted. What others signed is
 * refused with `WRONG_ROOT` then: first everybody must have a certificate of this one. Rejects with `INVALID`.
 */
export async function retireRoots(
  authority: Authority,
  { clock = Date.now }: { clock?: Clock } = {}
): Promise<RotationStep> {
  const set = await signNext(authority, [authority.rootId], clock)
  const rootSets = [...authority.rootSets, set]
  return { authority: Authority.fromJSON({ ...authority.toJSON(), rootSets }, { clock }), set }
}

async function signNext(authority: Authority, roots: readonly string[], clock: Clock): Promise<string> {
  if (authority.issuer !== undefined) {
    throw new NexusError('INVALID', 'an issuing key changes no roots: a root key does')
  }

  const { network, key } = authority.toJSON()
  const newest = authority.rootSets.at(-1)
  const version = (newest === undefined ? 0 : peekRootSet(newest).version) + 1
  return signRootSet({ privateKey: parseKey(key), network }, { version, roots, issuedAt: clock() })
}
