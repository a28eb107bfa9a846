import 'reflect-metadata'
import assert from 'node:assert/strict'
import { generateKeyPair, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { Extension, X509Certificate, X509CertificateGenerator } from '@peculiar/x509'
import { OctetString, Sequence } from 'asn1js'
import { concat } from 'uint8arrays/concat'
import { createTlsIdentity, verifyTlsCertificate } from '../../../../src/node/libp2p/tls/certificate.ts'

const KEY_EXTENSION = '1.3.6.1.4.1.53594.1.1'
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const DAY_MS = 24 * 60 * 60 * 1_000

interface Bent {
  signer?: PrivateKey
  prefix?: string
  notBefore?: Date
  notAfter?: Date
  extensions?: (right: Extension) => Extension[]
  signedBy?: CryptoKeyPair
}

describe('a certificate of libp2p TLS', () => {
  let key: PrivateKey
  let other: PrivateKey

  before(async () => {
    key = await generateKeyPair('Ed25519')
    other = await generateKeyPair('Ed25519')
  })

  // Written here once more, so that it can be bent.
  async function bent({ signer = key, prefix = 'libp2p-tls-handshake:', extensions, ...bend }: Bent) {
    const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
    const spki = new Uint8Array(await crypto.subtle.exportKey('spki', keys.publicKey))
    const signature = await signer.sign(concat([new TextEncoder().encode(prefix), spki]))
    const value = new Sequence({
      value: [publicKeyToProtobuf(key.publicKey), signature].map(
        (bytes) => new OctetString({ valueHex: new Uint8Array(bytes).buffer })
      )
    })
    const right = new Extension(KEY_EXTENSION, true, value.toBER())
    const init = {
      serialNumber: '01',
      notBefore: bend.notBefore ?? new Date(Date.now() - DAY_MS),
      notAfter: bend.notAfter ?? new Date(Date.now() + DAY_MS),
      signingAlgorithm: ALGORITHM,
      extensions: extensions?.(right) ?? [right]
    }
    const certificate =
      bend.signedBy === undefined
        ? await X509CertificateGenerator.createSelfSigned({ ...init, name: 'CN=a', keys }, crypto)
        : await X509CertificateGenerator.create(
            {
              ...init,
              subject: 'CN=a',
              issuer: 'CN=a',
              publicKey: keys.publicKey,
              signingKey: bend.signedBy.privateKey
            },
            crypto
          )
    return new Uint8Array(certificate.rawData)
  }

  it('names the peer that made it', async () => {
    const { cert } = await createTlsIdentity(key)
    const der = new Uint8Array(new X509Certificate(cert).rawData)
    const peerId = peerIdFromPrivateKey(key)
    assert.ok((await verifyTlsCertificate(der)).equals(peerId))
    assert.ok((await verifyTlsCertificate(der, peerId)).equals(peerId))
    await assert.rejects(verifyTlsCertificate(der, peerIdFromPrivateKey(other)), { name: 'UnexpectedPeerError' })
  })

  it('holds when made as the specification has it', async () => {
    assert.ok((await verifyTlsCertificate(await bent({}))).equals(peerIdFromPrivateKey(key)))
  })

  const refused: Record<string, [() => Bent | Promise<Bent>, RegExp]> = {
    'signed by another key than it names': [() => ({ signer: other }), /has not signed/],
    'signed without the prefix': [() => ({ prefix: '' }), /has not signed/],
    'that has ended': [() => ({ notAfter: new Date(Date.now() - 1_000) }), /not hold now/],
    'that has not begun': [() => ({ notBefore: new Date(Date.now() + DAY_MS / 2) }), /not hold now/],
    "without a peer's key": [() => ({ extensions: () => [] }), /no peer's key/],
    "with two peers' keys": [() => ({ extensions: (right) => [right, right] }), /no peer's key/],
    'with an unknown critical extension': [
      () => ({ extensions: (right) => [right, new Extension('1.2.3.4', true, new Uint8Array([5, 0]))] }),
      /unknown critical extension 1\.2\.3\.4/
    ],
    "with something else in the place of the peer's key": [
      () => ({ extensions: () => [new Extension(KEY_EXTENSION, true, new Uint8Array([5, 0]))] }),
      /no peer's key/
    ],
    'that another key has signed': [
      async () => ({ signedBy: await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) }),
      /not signed by its own key/
    ]
  }

  for (const [what, [bend, reason]] of Object.entries(refused)) {
    it(`${what} is refused`, async () => {
      await assert.rejects(verifyTlsCertificate(await bent(await bend())), reason)
    })
  }

  it('is refused with any of its bits turned', async () => {
    const der = await bent({})

    for (let index = 0; index < der.byteLength; index++) {
      const turned = Uint8Array.from(der)
      turned[index] = (turned[index] ?? 0) ^ (1 << (index % 8))
      await assert.rejects(verifyTlsCertificate(turned), `byte ${index}`)
    }
  })

  it('is judged as it is, and not by the text of another one in it', async () => {
    const { cert } = await createTlsIdentity(key)
    const text = new TextEncoder().encode(`\n${cert}\n`)
    const der = await bent({
      notAfter: new Date(Date.now() - 1_000),
      extensions: (right) => [right, new Extension('1.2.3.4', false, text)]
    })
    await assert.rejects(verifyTlsCertificate(der), /not hold now/)
  })

  it('is missed when there is none, and none when it is something else', async () => {
    await assert.rejects(verifyTlsCertificate(undefined), /no certificate/)
    await assert.rejects(verifyTlsCertificate(new Uint8Array([1, 2, 3])))
  })
})
