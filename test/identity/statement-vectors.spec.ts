import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import type {
  LeaseInput,
  RequestInput,
  RevocationInput,
  RevocationOutcome,
  RootsInput,
  VectorCase,
  VectorFile
} from '../../scripts/vector-files.ts'
import { statementVectors } from '../../scripts/vectors-statements.ts'
import { verifyRequest } from '../../src/identity/enrolment.ts'
import { verifyLease } from '../../src/identity/lease.ts'
import { RevocationList } from '../../src/identity/revocation-list.ts'
import { RootTrust } from '../../src/identity/root-sets.ts'
import { CertificateVerifier } from '../../src/identity/verifier.ts'
import { assertRefused } from '../support/identities.ts'

const readText = (name: string) => readFile(new URL(`../vectors/${name}`, import.meta.url), 'utf8')
const leases: VectorFile<LeaseInput> = JSON.parse(await readText('leases.json'))
const requests: { cases: VectorCase<RequestInput>[] } = JSON.parse(await readText('requests.json'))
const roots: VectorFile<RootsInput> = JSON.parse(await readText('roots.json'))
const revocations: VectorFile<RevocationInput> = JSON.parse(await readText('revocations.json'))

/** Runs a case: what comes out must be what the vector expects, or it must be refused for its reason. */
function run<Input>(kind: string, vector: VectorCase<Input>, judge: (input: Input) => Promise<object>): void {
  it(`${kind}: ${vector.name}`, async () => {
    const { input, expected, reason } = vector

    if (expected === undefined) {
      assert.ok(reason !== undefined && reason !== 'INVALID')
      await assertRefused(reason, () => judge(input))
    } else {
      assert.deepEqual(await judge(input), expected)
    }
  })
}

describe('vectors of statements', () => {
  it('are what the generator writes', async () => {
    for (const [name, text] of Object.entries(await statementVectors())) {
      assert.equal(text, await readText(name), `${name}: run scripts/vectors-statements.ts`)
    }
  })

  for (const vector of leases.cases) {
    run('lease', vector, async ({ token, certificate }) => {
      const trust = { network: leases.network, roots: [leases.root] }
      const clock = () => vector.now
      const verifier = new CertificateVerifier({ ...trust, clock, revocations: new RevocationList(trust) })
      const { token: own, ...lease } = await verifyLease(token, await verifier.verify(certificate), vector.now)
      assert.equal(own, token)
      return lease
    })
  }

  for (const vector of requests.cases) {
    run('request', vector, async ({ token, audience }) => {
      const { peerId, id } = await verifyRequest(token, { audience, now: vector.now })
      return { peerId, id }
    })
  }

  for (const vector of roots.cases) {
    run('root set', vector, async ({ sets }) => {
      const trust = new RootTrust({ network: roots.network, roots: [roots.root] })
      for (const set of sets) {
        await trust.offer(set)
      }
      return { version: trust.version, roots: [...trust.roots] }
    })
  }

  for (const vector of revocations.cases) {
    run('revocation list', vector, async ({ token, held }) => {
      const list = new RevocationList({ network: revocations.network, roots: [revocations.root] })

      if (held !== undefined) {
        await list.offer(held)
      }
      const kept = await list.offer(token)
      const { judged } = vector.expected as RevocationOutcome
      const now = judged?.map(({ revoked: _, ...statement }) => ({ ...statement, revoked: list.isRevoked(statement) }))
      return { version: list.version, kept, ...(now === undefined ? {} : { judged: now }) }
    })
  }
})
