/** Cases of root sets, `test/vectors/roots.json`, for `vectors-statements.ts`. */
import type { IdentityFailure } from '../src/errors.ts'
import { peerIdOf } from '../src/identity/keys.ts'
import { signRootSet } from '../src/identity/root-sets.ts'
import { reforge, tamper } from '../test/support/forge.ts'
import { keyFor, mallory, TEST_NETWORK, TEST_NOW, testNetwork } from '../test/support/identities.ts'
import type { RootsInput, VectorCase, VectorFile } from './vector-files.ts'

const root = await keyFor('root')
const next = await keyFor('next root')
const [old, fresh] = [peerIdOf(root), peerIdOf(next)]
const now = TEST_NOW

export async function rootVectors(): Promise<VectorFile<RootsInput>> {
  const set = (version: number, roots: string[], privateKey = root, network = TEST_NETWORK) =>
    signRootSet({ privateKey, network }, { version, roots, issuedAt: now })
  const good = (name: string, sets: string[], version: number, roots: string[]) => ({
    name: `good, ${name}`,
    input: { sets },
    now,
    expected: { version, roots }
  })
  const refused = (name: string, reason: IdentityFailure, ...sets: string[]) => ({ name, input: { sets }, now, reason })
  const [both, alone] = [await set(1, [old, fresh]), await set(2, [fresh], next)]
  const bent: Record<string, Record<string, unknown>> = {
    'version 0': { ver: 0 },
    'no roots': { roots: [] },
    'nine roots': { roots: Array(9).fill(old) },
    'a root that is no peer id': { roots: ['root'] },
    'iss not the authority': { iss: 'somebody' },
    'no time': { iat: undefined }
  }
  const cases: VectorCase<RootsInput>[] = [
    good('two roots', [both], 1, [old, fresh]),
    good('then the new one', [both, alone], 2, [fresh]),
    good('then none older', [both, await set(1, [old], next)], 1, [old, fresh]),
    good('with a number left out', [await set(7, [fresh])], 7, [fresh]),
    refused('by a root to come', 'WRONG_ROOT', alone),
    refused('by a root of before', 'WRONG_ROOT', both, alone, await set(3, [old])),
    refused('by a stranger', 'WRONG_ROOT', await set(1, [old], mallory)),
    refused('of another network', 'WRONG_NETWORK', await set(1, [old], root, 'other.example')),
    refused('changed', 'BAD_SIGNATURE', tamper(both, { ver: 9 })),
    refused(
      'a certificate',
      'BAD_HEADER',
      await (await testNetwork({ clock: () => now, randomId: () => 'x' })).certificateFor({ privateKey: mallory })
    ),
    refused('over 4 KiB', 'TOO_LARGE', await reforge(both, root, { claims: { more: 'x'.repeat(4_096) } }))
  ]
  for (const [name, claims] of Object.entries(bent)) {
    cases.push(refused(name, 'BAD_CLAIM', await reforge(both, root, { claims })))
  }
  return { network: TEST_NETWORK, root: old, cases }
}
