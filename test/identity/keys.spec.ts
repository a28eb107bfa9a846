import assert from 'node:assert/strict'
import { generateKeyPair, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id'
import { base58btc } from 'multiformats/bases/base58'
import { identity } from 'multiformats/hashes/identity'
import { toString as encodeBytes } from 'uint8arrays/to-string'
import { checkPeerId, formatKey, generateKey, parseKey, peerIdOf, publicKeyOf, toJwk } from '../../src/identity/keys.ts'
import { alice, assertInvalid, bob } from '../support/identities.ts'

describe('keys', () => {
  it('makes a new key each time, or the key of a seed', async () => {
    const [one, other] = await Promise.all([generateKey(), generateKey()])
    assert.notEqual(peerIdOf(one), peerIdOf(other))
    const seed = new Uint8Array(32).fill(7)
    assert.equal(peerIdOf(await generateKey(seed)), peerIdOf(await generateKey(seed)))
  })

  it('reads back what it writes', () => {
    assert.deepEqual(parseKey(formatKey(alice)).raw, alice.raw)
  })

  it('refuses text that is no key, without showing it', async () => {
    for (const text of ['', 'secret', formatKey(alice).slice(4), 'A'.repeat(300), '!!!', undefined]) {
      await assertInvalid(/^not a private key \(base64url of a libp2p private key\)$/, () => parseKey(text as string))
    }
  })

  it('refuses a key of another type', async () => {
    const other = await generateKeyPair('secp256k1')
    const text = encodeBytes(privateKeyToProtobuf(other), 'base64url')
    await assertInvalid(/not an Ed25519 private key, but secp256k1/, () => parseKey(text))
  })

  it('gives the peer id that libp2p gives', () => {
    assert.equal(peerIdOf(alice), peerIdFromPrivateKey(alice).toString())
    assert.equal(peerIdOf(alice.publicKey), peerIdOf(alice))
  })

  it('finds the public key in the peer id', () => {
    assert.deepEqual(publicKeyOf(peerIdOf(alice)).raw, alice.publicKey.raw)
    assert.notDeepEqual(publicKeyOf(peerIdOf(bob)).raw, alice.publicKey.raw)
  })

  it('takes only the base58 peer id of an Ed25519 key', async () => {
    const secp256k1 = peerIdFromPrivateKey(await generateKeyPair('secp256k1')).toString()
    const cid = peerIdFromPrivateKey(alice).toCID().toString()
    const peerId = peerIdOf(alice)
    const cut = [peerId.slice(0, -1), `${peerId}1`, `${peerId}\n`, ` ${peerId}`, `12D3KooW${'z'.repeat(44)}`]
    for (const bad of [
      '',
      'alice',
      'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N',
      secp256k1,
      cid,
      ...cut,
      7,
      null
    ]) {
      await assertInvalid(/not the base58 peer id of an Ed25519 key/, () => checkPeerId(bad))
    }
    assert.equal(checkPeerId(peerId), peerId)
  })

  it('takes only one text for one key', async () => {
    // The same public key protobuf with its two fields the other way round.
    const protobuf = Uint8Array.of(0x12, 32, ...alice.publicKey.raw, 0x08, 1)
    const twin = base58btc.encode(identity.digest(protobuf).bytes).slice(1)
    assert.deepEqual(peerIdFromString(twin).publicKey?.raw, alice.publicKey.raw)
    await assertInvalid(/not the base58 peer id of an Ed25519 key/, () => checkPeerId(twin))
  })

  it('gives a JWK of 32 bytes, with the private half only for a private key', () => {
    const { d, ...open } = toJwk(alice)
    assert.deepEqual(open, toJwk(alice.publicKey))
    assert.deepEqual(Object.keys(open), ['kty', 'crv', 'x'])
    assert.equal(d, encodeBytes(alice.raw.subarray(0, 32), 'base64url'))
  })
})
