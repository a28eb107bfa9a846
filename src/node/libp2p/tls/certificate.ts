/**
 * The certificates of libp2p's TLS handshake: self-signed ones with a short-lived key, and the peer's own key in an
 * extension, with its signature of that key. https://github.com/libp2p/specs/blob/master/tls/tls.md
 */
// What `@peculiar/x509` needs before it is loaded.
import 'reflect-metadata'
import { publicKeyFromProtobuf, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { InvalidCryptoExchangeError, type PeerId, type PrivateKey, UnexpectedPeerError } from '@libp2p/interface'
import { peerIdFromCID } from '@libp2p/peer-id'
import { Extension, PemConverter, X509Certificate, X509CertificateGenerator } from '@peculiar/x509'
import { fromBER, OctetString, Sequence } from 'asn1js'
import { concat } from 'uint8arrays/concat'

/** What a TLS socket is given. */
export interface TlsIdentity {
  /** PEM. */
  cert: string
  /** PEM. */
  key: string
}

const KEY_EXTENSION = '1.3.6.1.4.1.53594.1.1'
const SIGNED_PREFIX = new TextEncoder().encode('libp2p-tls-handshake:')
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
/** As other implementations have it: clocks differ, and whose certificate it is does not end. */
const VALID_BEFORE_MS = 60 * 60 * 1_000
const VALID_AFTER_MS = 100 * 365 * 24 * 60 * 60 * 1_000
/** Below 0x80 in its first byte, since a serial number is positive, and never zero. */
const SERIAL_BYTES = 8

/** A certificate for a peer's key, and the key that it is signed with. It may serve any number of connections. */
export async function createTlsIdentity(privateKey: PrivateKey): Promise<TlsIdentity> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const spki = new Uint8Array(await crypto.subtle.exportKey('spki', keys.publicKey))
  const signature = await privateKey.sign(signedText(spki))
  const value = new Sequence({
    value: [
      new OctetString({ valueHex: toBuffer(publicKeyToProtobuf(privateKey.publicKey)) }),
      new OctetString({ valueHex: toBuffer(signature) })
    ]
  })
  const seconds = Math.floor(Date.now() / 1_000) * 1_000
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serialNumber(),
      notBefore: new Date(seconds - VALID_BEFORE_MS),
      notAfter: new Date(seconds + VALID_AFTER_MS),
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [new Extension(KEY_EXTENSION, true, value.toBER())]
    },
    crypto
  )
  const key = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')
  return { cert: certificate.toString('pem'), key }
}

/**
 * The peer whose certificate this is (DER). That the other side has its key is for TLS to prove. Rejects when it does
 * not hold now, or is another peer's than `expected`.
 */
export async function verifyTlsCertificate(der: Uint8Array | undefined, expected?: PeerId): Promise<PeerId> {
  if (der === undefined) {
    throw new InvalidCryptoExchangeError('the peer showed no certificate')
  }

  const certificate = new X509Certificate(toBuffer(der))
  const at = Date.now()

  if (certificate.notBefore.getTime() > at || certificate.notAfter.getTime() < at) {
    throw new InvalidCryptoExchangeError('the certificate does not hold now')
  }

  // Checks the signature with the certificate's own key, too.
  if (!(await certificate.isSelfSigned(crypto))) {
    throw new InvalidCryptoExchangeError('the certificate is not signed by its own key')
  }

  const unknown = certificate.extensions.find(({ critical, type }) => critical && type !== KEY_EXTENSION)

  if (unknown !== undefined) {
    throw new InvalidCryptoExchangeError(`the certificate has the unknown critical extension ${unknown.type}`)
  }

  const { publicKey, signature } = keyIn(certificate)

  if (!(await publicKey.verify(signedText(new Uint8Array(certificate.publicKey.rawData)), signature))) {
    throw new InvalidCryptoExchangeError("the peer's key has not signed the certificate's")
  }

  const peerId = peerIdFromCID(publicKey.toCID())

  if (expected !== undefined && !expected.equals(peerId)) {
    throw new UnexpectedPeerError(`expected ${expected}, and got ${peerId}`)
  }
  return peerId
}

function keyIn(certificate: X509Certificate): {
  publicKey: ReturnType<typeof publicKeyFromProtobuf>
  signature: Uint8Array
} {
  const found = certificate.extensions.filter(({ type }) => type === KEY_EXTENSION)
  const { result } = found.length === 1 && found[0] !== undefined ? fromBER(found[0].value) : {}
  const [key, signature, ...rest] = result instanceof Sequence ? result.valueBlock.value : []

  if (!(key instanceof OctetString) || !(signature instanceof OctetString) || rest.length > 0) {
    throw new InvalidCryptoExchangeError("the certificate has no peer's key")
  }
  return { publicKey: publicKeyFromProtobuf(bytesOf(key)), signature: bytesOf(signature) }
}

function bytesOf({ valueBlock }: OctetString): Uint8Array {
  return new Uint8Array(valueBlock.valueHexView)
}

function signedText(spki: Uint8Array): Uint8Array {
  return concat([SIGNED_PREFIX, spki])
}

function serialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(SERIAL_BYTES))
  bytes[0] = ((bytes[0] ?? 0) % 0x7f) + 1
  return Buffer.from(bytes).toString('hex')
}

function toBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer
}
