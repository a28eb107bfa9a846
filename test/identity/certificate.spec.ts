import assert from 'node:assert/strict'
import { MAX_CERTIFICATE_BYTES } from '../../src/constants.ts'
import { readCertificate, signCertificate } from '../../src/identity/certificate.ts'
import { peerIdOf } from '../../src/identity/keys.ts'
import { forge, reforge, takeApart, tamper } from '../support/forge.ts'
import {
  ALICE_UID,
  alice,
  assertInvalid,
  assertRefused,
  frozenClock,
  keyFor,
  mallory,
  TEST_NETWORK,
  TEST_NOW,
  testNetwork
} from '../support/identities.ts'

const root = await keyFor('root')
const home = await testNetwork({ clock: frozenClock() })
const token = await home.certificateFor({ privateKey: alice })
const trust = { network: home.network, roots: new Set(home.roots) }
const read = (text: string) => readCertificate(text, trust)
const withClaims = (claims: Record<string, unknown>) => reforge(token, root, { claims })

describe('certificate', () => {
  it('says who a block is', async () => {
    const { id, ...certificate } = await read(token)
    assert.deepEqual(certificate, {
      network: TEST_NETWORK,
      app: 'etest',
      uid: ALICE_UID,
      role: 'owner',
      block: 'worker',
      resource: 'default',
      jid: `etest-${ALICE_UID}-owner@${TEST_NETWORK}/default`,
      peerId: peerIdOf(alice),
      issuedAt: TEST_NOW,
      notBefore: TEST_NOW - 300_000,
      expiresAt: TEST_NOW + 30 * 24 * 3_600_000,
      rootId: peerIdOf(root),
      token
    })
    assert.match(id, /^[0-9a-f-]{36}$/)
  })

  it('carries these claims and no others', () => {
    const { claims } = takeApart(token)
    const iat = TEST_NOW / 1000
    assert.deepEqual(
      { ...claims, jti: '' },
      {
        iss: `authority@${TEST_NETWORK}`,
        aud: TEST_NETWORK,
        sub: `etest-${ALICE_UID}-owner@${TEST_NETWORK}/default`,
        app: 'etest',
        uid: ALICE_UID,
        role: 'owner',
        block: 'worker',
        resource: 'default',
        iat,
        nbf: iat - 300,
        exp: iat + 30 * 24 * 3600,
        jti: '',
        cnf: { kid: peerIdOf(alice) }
      }
    )
  })

  it('cannot be changed by those who are given it', async () => {
    const certificate = await read(token)
    assert.throws(() => Object.assign(certificate, { uid: 'other' }), TypeError)
  })

  it('ignores claims that it does not know', async () => {
    assert.equal((await read(await withClaims({ later: { version: 2 } }))).app, 'etest')
  })

  it('refuses none at all: NO_CERTIFICATE', async () => {
    await assertRefused('NO_CERTIFICATE', () => read(''))
    await assertRefused('NO_CERTIFICATE', () => read(undefined as unknown as string))
  })

  it('refuses a large one: TOO_LARGE', async () => {
    const big = await withClaims({ more: 'x'.repeat(MAX_CERTIFICATE_BYTES) })
    await assertRefused('TOO_LARGE', () => read(big))
  })

  it('refuses another typ: BAD_HEADER', async () => {
    const grant = await home.authority.issueGrant({ uid: ALICE_UID, app: 'etest' })
    await assertRefused('BAD_HEADER', () => read(grant))
  })

  it('refuses another network, even of a foreign root: WRONG_NETWORK', async () => {
    const foreign = await testNetwork({ network: 'other.example', root: 'other root' })
    await assertRefused('WRONG_NETWORK', async () => read(await foreign.certificateFor()))
    const sameRoot = await testNetwork({ network: 'other.example' })
    await assertRefused('WRONG_NETWORK', async () => read(await sameRoot.certificateFor()))
  })

  it('refuses another root: WRONG_ROOT', async () => {
    const impostor = await testNetwork({ root: 'other root' })
    await assertRefused('WRONG_ROOT', async () => read(await impostor.certificateFor()))
  })

  it('refuses one that a block signed, itself well certified: WRONG_ROOT', async () => {
    await assertRefused('WRONG_ROOT', async () => read(await reforge(token, alice, {})))
  })

  it('refuses a changed one: BAD_SIGNATURE', async () => {
    await assertRefused('BAD_SIGNATURE', () => read(tamper(token, { uid: 'other' })))
  })

  it('refuses the root named by another signer: BAD_SIGNATURE', async () => {
    const forged = await forge(takeApart(token).header, takeApart(token).claims, mallory)
    await assertRefused('BAD_SIGNATURE', () => read(forged))
  })

  const required = Object.keys(takeApart(token).claims)
  for (const claim of required) {
    it(`refuses one without claim ${claim}: BAD_CLAIM`, async () => {
      await assertRefused('BAD_CLAIM', async () => read(await withClaims({ [claim]: undefined })))
    })

    it(`refuses claim ${claim} of another type: BAD_CLAIM`, async () => {
      for (const value of [null, true, ['x'], {}, claim === 'cnf' ? 'x' : { x: 1 }]) {
        await assertRefused('BAD_CLAIM', async () => read(await withClaims({ [claim]: value })))
      }
    })
  }

  const badClaims: Record<string, Record<string, unknown>> = {
    'a text for a time': { exp: String(TEST_NOW / 1000) },
    'a broken second': { iat: 1.5 },
    'a negative second': { nbf: -1 },
    'a second beyond all dates': { exp: 8_640_000_000_001 },
    'another issuer': { iss: 'authority@other.example' },
    'the JID of another': { sub: `etest-${ALICE_UID}-user@${TEST_NETWORK}/default` },
    'parts that do not make its JID': { resource: 'other' },
    'an unknown role': { role: 'admin' },
    'an unknown block': { block: 'toaster' },
    'a bad app': { app: 'Etest' },
    'a peer id that is none': { cnf: { kid: 'alice' } },
    'an empty id': { jti: '' },
    'a long id': { jti: 'x'.repeat(129) }
  }
  for (const [name, claims] of Object.entries(badClaims)) {
    it(`refuses ${name}: BAD_CLAIM`, async () => {
      await assertRefused('BAD_CLAIM', async () => read(await withClaims(claims)))
    })
  }

  it('is not made for a bad subject', async () => {
    const subject = {
      peerId: peerIdOf(alice),
      app: 'etest',
      uid: '1',
      role: 'user',
      block: 'worker',
      resource: 'a'
    } as const
    const make = (changes: object, terms: object = {}) =>
      signCertificate(
        { privateKey: root, network: TEST_NETWORK },
        { ...subject, ...changes },
        { issuedAt: TEST_NOW, validForMs: 1000, id: 'x', ...terms }
      )
    await make({})
    await assertInvalid(/bad app: "e-test"/, () => make({ app: 'e-test' }))
    await assertInvalid(/bad uid/, () => make({ uid: '' }))
    await assertInvalid(/bad role/, () => make({ role: 'admin' }))
    await assertInvalid(/bad block/, () => make({ block: 'toaster' }))
    await assertInvalid(/bad resource/, () => make({ resource: 'a/b' }))
    await assertInvalid(/peer id/, () => make({ peerId: 'alice' }))
    await assertInvalid(/bad validForMs/, () => make({}, { validForMs: 0 }))
    await assertInvalid(/bad validForMs/, () => make({}, { validForMs: Number.NaN }))
    await assertInvalid(/bad moment/, () => make({}, { issuedAt: -1 }))
    await assertInvalid(/bad id/, () => make({}, { id: '' }))
  })
})
