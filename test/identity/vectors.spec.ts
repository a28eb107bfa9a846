import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import type { CertificateInput, GrantInput, VectorCase, VectorFile } from '../../scripts/vector-files.ts'
import { identityVectors } from '../../scripts/vectors-identity.ts'
import { verifyGrant } from '../../src/identity/grant.ts'
import { formatJid, parseJid } from '../../src/identity/jid.ts'
import { RevocationList } from '../../src/identity/revocation-list.ts'
import { CertificateVerifier } from '../../src/identity/verifier.ts'
import { assertInvalid, assertRefused } from '../support/identities.ts'

const readText = (name: string) => readFile(new URL(`../vectors/${name}`, import.meta.url), 'utf8')
const readVectors = async <T>(name: string): Promise<T> => JSON.parse(await readText(name))

const certificates = await readVectors<VectorFile<CertificateInput>>('certificates.json')
const grants = await readVectors<VectorFile<GrantInput>>('grants.json')
const jids = await readVectors<{ cases: VectorCase<string>[] }>('jids.json')

async function verifierFor(file: { network: string; root: string }, now: number, list: string | undefined) {
  const trust = { network: file.network, roots: [file.root] }
  const revocations = new RevocationList(trust)
  if (list !== undefined) {
    await revocations.offer(list)
  }
  return new CertificateVerifier({ ...trust, clock: () => now, revocations })
}

async function check(vector: VectorCase<unknown>, run: () => Promise<object>): Promise<void> {
  if (vector.reason === undefined || vector.reason === 'INVALID') {
    assert.fail('not a case of a signed statement')
  }
  await assertRefused(vector.reason, run)
}

describe('identity vectors', () => {
  it('are what the generator writes', async () => {
    for (const [name, text] of Object.entries(await identityVectors())) {
      assert.equal(text, await readText(name), `${name}: run scripts/vectors-identity.ts`)
    }
  })

  for (const vector of certificates.cases) {
    it(`certificate: ${vector.name}`, async () => {
      const { token, peerId, revocations } = vector.input
      const verifier = await verifierFor(certificates, vector.now, revocations)
      if (vector.expected === undefined) {
        return check(vector, () => verifier.verify(token, peerId))
      }
      assert.deepEqual(await verifier.verify(token, peerId), { ...vector.expected, token })
    })
  }

  for (const vector of grants.cases) {
    it(`grant: ${vector.name}`, async () => {
      const { holder, app, revocations, ...shown } = vector.input
      const verifier = await verifierFor(grants, vector.now, revocations)
      const verify = () => verifyGrant(shown, { holderUid: holder, app, verifier })
      if (vector.expected === undefined) {
        return check(vector, verify)
      }
      const { issuerCertificate, token, ...grant } = await verify()
      assert.deepEqual(grant, vector.expected)
      assert.deepEqual(
        { issuerCertificate: issuerCertificate?.token, token },
        { issuerCertificate: undefined, ...shown }
      )
    })
  }

  for (const vector of jids.cases) {
    it(`JID: ${vector.name}`, async () => {
      if (vector.expected === undefined) {
        return assertInvalid(/./, () => parseJid(vector.input))
      }
      const parts = parseJid(vector.input)
      assert.deepEqual(parts, vector.expected)
      assert.equal(formatJid(parts), vector.input)
    })
  }
})
