import assert from 'node:assert/strict'
import fc from 'fast-check'
import { NexusError } from '../../src/errors.ts'
import { createCredential, openCredential, parseCredential } from '../../src/identity/credential.ts'
import { checkPeerId, formatKey, generateKey, parseKey, peerIdOf } from '../../src/identity/keys.ts'
import { alice, testNetwork } from '../support/identities.ts'

const RUNS = { numRuns: 60 }
const network = await testNetwork()
const credential = await network.credentialFor({ privateKey: alice, grants: ['shop'] })

const isInvalid = (error: unknown): true => {
  assert.ok(error instanceof NexusError, String(error))
  assert.equal(error.code, 'INVALID', error.message)
  return true
}

describe('keys and credentials, of any content', () => {
  it('gives back every key from its text, and its peer id from the key', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 32, maxLength: 32 }), async (seed) => {
        const key = await generateKey(seed)
        const again = parseKey(formatKey(key))
        assert.deepEqual(again.raw, key.raw)
        assert.equal(checkPeerId(peerIdOf(again)), key.publicKey.toString())
      }),
      RUNS
    )
  })

  it('refuses any other text, and never shows it', () => {
    const text = fc.oneof(
      fc.string(),
      fc.uint8Array({ maxLength: 120 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
      fc.uint8Array({ maxLength: 70 }).map((bytes) => Buffer.from([8, 1, 18, 64, ...bytes]).toString('base64url')),
      fc.jsonValue() as fc.Arbitrary<never>
    )
    fc.assert(
      fc.property(text, (value) => {
        assert.throws(
          () => parseKey(value),
          (error: unknown) => {
            assert.ok(typeof value !== 'string' || value.length < 8 || !(error as Error).message.includes(value))
            return isInvalid(error)
          }
        )
        assert.throws(() => checkPeerId(value), isInvalid)
      }),
      RUNS
    )
  })

  it('gives back every credential from its text', async () => {
    const held = fc.record(
      { grant: fc.string({ minLength: 1 }), issuerCertificate: fc.string({ minLength: 1 }) },
      { requiredKeys: ['grant'], noNullPrototype: true }
    )
    const parts = fc.record(
      {
        certificate: fc.string({ minLength: 1 }),
        grants: fc.array(held, { maxLength: 3 }),
        revocations: fc.string({ minLength: 1 })
      },
      { requiredKeys: ['certificate', 'grants'], noNullPrototype: true }
    )
    fc.assert(
      fc.property(parts, (some) => {
        const made = createCredential({ network: network.network, key: alice, roots: network.roots, ...some })
        assert.deepEqual(parseCredential(JSON.parse(JSON.stringify(made))), made)
        assert.deepEqual(
          [made.certificate, made.grants, made.revocations],
          [some.certificate, some.grants, some.revocations]
        )
      }),
      RUNS
    )
  })

  it('refuses any other value for a credential', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => assert.throws(() => parseCredential(value), isInvalid)),
      RUNS
    )
  })

  it('takes a credential with any value in any field, or refuses it', async () => {
    const field = fc.constantFrom(...Object.keys(credential))
    await fc.assert(
      fc.asyncProperty(field, fc.oneof(fc.anything(), fc.array(fc.string())), async (name, value) => {
        try {
          await openCredential(parseCredential({ ...credential, [name]: value }), { clock: Date.now })
        } catch (error) {
          assert.ok(error instanceof NexusError, String(error))
          assert.ok(error.code === 'INVALID' || error.code === 'REFUSED', error.code)
        }
      }),
      RUNS
    )
  })
})
