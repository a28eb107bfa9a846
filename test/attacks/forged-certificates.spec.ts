import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { base64url } from 'jose'
import { parseKey, peerIdOf, publicKeyOf, toJwk } from '../../src/identity/keys.ts'
import { forge, reforge, takeApart, tamper } from '../support/forge.ts'
import { alice, assertRefused, frozenClock, keyFor, mallory, testNetwork } from '../support/identities.ts'

const clock = frozenClock()
const network = await testNetwork({ clock })
const root = await keyFor('root')
const good = await network.certificateFor({ privateKey: alice })
const { header, claims } = takeApart(good)
const shownBy = (key: typeof alice, token: string) => network.verifier().verify(token, peerIdOf(key))

describe('a forged certificate is refused', () => {
  it('with alg none, and no signature', async () => {
    const encode = (value: object) => base64url.encode(JSON.stringify(value))
    await assertRefused('BAD_HEADER', () => shownBy(alice, `${encode({ ...header, alg: 'none' })}.${encode(claims)}.`))
    await assertRefused('BAD_HEADER', async () => shownBy(alice, await forge({ ...header, alg: 'none' }, claims, root)))
  })

  it("with HS256 and the root's public key as secret", async () => {
    const input = [{ ...header, alg: 'HS256' }, claims].map((part) => base64url.encode(JSON.stringify(part))).join('.')
    const secrets = [publicKeyOf(String(header.kid)).raw, String(header.kid)]
    for (const secret of secrets) {
      const signature = base64url.encode(createHmac('sha256', secret).update(input).digest())
      await assertRefused('BAD_HEADER', () => shownBy(alice, `${input}.${signature}`))
    }
  })

  it('with a key of its own in the header', async () => {
    const own = { ...header, jwk: toJwk(mallory.publicKey) }
    await assertRefused('BAD_HEADER', async () => shownBy(alice, await forge(own, claims, mallory)))
  })

  it('with its cnf swapped for the key of another', async () => {
    await assertRefused('BAD_SIGNATURE', () => shownBy(mallory, tamper(good, { cnf: { kid: peerIdOf(mallory) } })))
  })

  it('that is of another peer', async () => {
    await assertRefused('WRONG_KEY', () => shownBy(mallory, good))
  })

  it('for another network', async () => {
    await assertRefused('WRONG_NETWORK', async () =>
      shownBy(alice, await reforge(good, root, { claims: { aud: 'other.example' } }))
    )
  })

  it('by an issuing key for an app that is not its own', async () => {
    const { issuer, ...json } = (await network.authority.createIssuer({ apps: ['shop'] })).toJSON()
    const beyond = await reforge(good, parseKey(json.key), { claims: { issuer } })
    await assertRefused('WRONG_ISSUER', () => shownBy(alice, beyond))
  })

  it('while the one that it was made of holds', async () => {
    assert.equal((await shownBy(alice, good)).peerId, peerIdOf(alice))
  })
})
