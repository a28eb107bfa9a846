import assert from 'node:assert/strict'
import { decodeJws, type JwsKind, signJws, verifyJws } from '../../src/identity/jws.ts'
import { peerIdOf } from '../../src/identity/keys.ts'
import { forge, reforge, takeApart, tamper } from '../support/forge.ts'
import { alice, assertRefused, bob } from '../support/identities.ts'

const KIND: JwsKind = { noun: 'note', typ: 'test-note+jwt', maxBytes: 1024 }
const header = { alg: 'EdDSA', typ: KIND.typ, kid: peerIdOf(alice) }

/** Runs as on a platform whose WebCrypto does not know Ed25519. */
async function withoutEd25519(run: () => Promise<void>): Promise<void> {
  const importKey = () => Promise.reject(new DOMException('Unrecognized name', 'NotSupportedError'))
  Object.defineProperty(crypto.subtle, 'importKey', { value: importKey, configurable: true })
  try {
    await run()
  } finally {
    Reflect.deleteProperty(crypto.subtle, 'importKey')
  }
}

describe('jws', () => {
  it('signs with a header of alg, typ and kid alone', async () => {
    const token = await signJws(KIND, alice, { a: 1 })
    assert.deepEqual(takeApart(token), { header, claims: { a: 1 } })
  })

  it('decodes and verifies what it signed', async () => {
    const jws = decodeJws(KIND, await signJws(KIND, alice, { a: 1 }))
    assert.deepEqual([jws.kid, jws.claims], [peerIdOf(alice), { a: 1 }])
    await verifyJws(jws)
  })

  const headers: Record<string, Record<string, unknown>> = {
    'alg none': { alg: 'none' },
    'alg in another case': { alg: 'eddsa' },
    'alg Ed25519': { alg: 'Ed25519' },
    'alg missing': { alg: undefined },
    'another typ': { typ: 'JWT' },
    'typ missing': { typ: undefined },
    'kid missing': { kid: undefined },
    'kid a number': { kid: 7 },
    crit: { crit: ['exp'] },
    jwk: { jwk: { kty: 'OKP' } },
    b64: { b64: false },
    x5u: { x5u: 'https://mallory.example' },
    '__proto__ beside it': JSON.parse('{"__proto__":{}}')
  }
  for (const [name, changes] of Object.entries(headers)) {
    it(`refuses a header with ${name}`, async () => {
      const all = Object.defineProperties({ ...header }, Object.getOwnPropertyDescriptors(changes))
      const token = await forge(all, { a: 1 }, alice)
      await assertRefused('BAD_HEADER', () => decodeJws(KIND, token))
    })
  }

  it('refuses what is no compact JWS', async () => {
    const token = await signJws(KIND, alice, { a: 1 })
    const [head, payload, signature] = token.split('.')
    const bad = [
      '',
      '..',
      'a.b',
      `${token}.x`,
      `${token}=`,
      `${token}\n`,
      ` ${token}`,
      `${head}.${payload}.`,
      `${head}.${payload}.A`
    ]
    for (const text of [...bad, `${head}..${signature}`, `bm8.${payload}.${signature}`, undefined, {}]) {
      await assertRefused('BAD_HEADER', () => decodeJws(KIND, text as string))
    }
  })

  it('refuses a payload that is no JSON object', async () => {
    for (const payload of ['[]', 'null', '7', '"text"', 'no json', '{"a":', '{}{}']) {
      const token = await forge(header, payload, alice)
      await assertRefused('BAD_CLAIM', () => decodeJws(KIND, token))
    }
  })

  it('refuses one over the size before it looks inside', async () => {
    await assertRefused('TOO_LARGE', () => decodeJws(KIND, '!'.repeat(KIND.maxBytes + 1)))
    await assertRefused('BAD_HEADER', () => decodeJws(KIND, '!'.repeat(KIND.maxBytes)))
  })

  const wrongSignatures: Record<string, (token: string) => string | Promise<string>> = {
    'another payload': (token) => tamper(token, { a: 2 }),
    'the signature of another': (token) => reforge(token, bob, { header: { kid: peerIdOf(alice) } }),
    'another signer named': (token) => reforge(token, alice, { header: { kid: peerIdOf(bob) } }),
    'a cut signature': (token) => token.slice(0, -6),
    'a long signature': (token) => `${token}AAAA`
  }
  for (const [name, change] of Object.entries(wrongSignatures)) {
    it(`refuses ${name}`, async () => {
      const token = await change(await signJws(KIND, alice, { a: 1 }))
      await assertRefused('BAD_SIGNATURE', () => verifyJws(decodeJws(KIND, token)))
      await withoutEd25519(() => assertRefused('BAD_SIGNATURE', () => verifyJws(decodeJws(KIND, token))))
    })
  }

  it('signs and verifies the same where WebCrypto has no Ed25519', async () => {
    const token = await signJws(KIND, alice, { a: 1 })
    await withoutEd25519(async () => {
      assert.equal(await signJws(KIND, alice, { a: 1 }), token)
      await verifyJws(decodeJws(KIND, token))
    })
  })
})
