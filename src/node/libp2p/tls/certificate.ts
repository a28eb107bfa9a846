/**
 * The certificates of libp2p's TLS handshake: self-signed ones with a short-lived key, and the peer's own key in an
 * extension, with its signature of that key. https://github.com/libp2p/specs/blob/master/tls/tls.md
 */
import { generateKeyPair, randomBytes, sign, X509Certificate } from 'node:crypto'
import { promisify } from 'node:util'
import { publicKeyFromProtobuf, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { InvalidCryptoExchangeError, type PeerId, type PrivateKey, UnexpectedPeerError } from '@libp2p/interface'
import { peerIdFromCID } from '@libp2p/peer-id'
import { concat } from 'uint8arrays/concat'
import { equals } from 'uint8arrays/equals'
import { type DerElement, decodeDer, encodeDer, encodeObjectId, objectId, TAG } from './der.ts'

/** What a TLS socket is given. */
export interface TlsIdentity {
  /** PEM. */
  cert: string
  /** PEM. */
  key: string
}

const KEY_EXTENSION = '1.3.6.1.4.1.53594.1.1'
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2'
const SIGNED_PREFIX = new TextEncoder().encode('libp2p-tls-handshake:')
const VERSION_3 = 2
const TRUE = 0xff
const NO_UNUSED_BITS = 0
/** As other implementations have it: clocks differ, and whose certificate it is does not end. */
const VALID_BEFORE_MS = 60 * 60 * 1_000
const VALID_AFTER_MS = 100 * 365 * 24 * 60 * 60 * 1_000
/** From then on years take four digits. */
const UTC_TIME_ENDS = 2050
const SERIAL_BYTES = 8
const PEM_LINE = /.{1,64}/g

/** A certificate for a peer's key, and the key that it is signed with. It may serve any number of connections. */
export async function createTlsIdentity(privateKey: PrivateKey): Promise<TlsIdentity> {
  const { publicKey: spki, privateKey: key } = await promisify(generateKeyPair)('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' }
  })
  const value = encodeDer(
    TAG.SEQUENCE,
    encodeDer(TAG.OCTET_STRING, publicKeyToProtobuf(privateKey.publicKey)),
    encodeDer(TAG.OCTET_STRING, await privateKey.sign(signedText(spki)))
  )
  const algorithm = encodeDer(TAG.SEQUENCE, encodeDer(TAG.OBJECT_ID, encodeObjectId(ECDSA_WITH_SHA256)))
  const body = certificateBody(spki, algorithm, value)
  const signature = encodeDer(TAG.BIT_STRING, Uint8Array.of(NO_UNUSED_BITS), sign('sha256', body, key))
  return { cert: pem(encodeDer(TAG.SEQUENCE, body, algorithm, signature)), key }
}

/** What is signed (RFC 5280, 4.1). */
function certificateBody(spki: Uint8Array, algorithm: Uint8Array, keyExtension: Uint8Array): Uint8Array {
  const nobody = encodeDer(TAG.SEQUENCE)
  const at = Date.now()
  const extension = encodeDer(
    TAG.SEQUENCE,
    encodeDer(TAG.OBJECT_ID, encodeObjectId(KEY_EXTENSION)),
    encodeDer(TAG.BOOLEAN, Uint8Array.of(TRUE)),
    encodeDer(TAG.OCTET_STRING, keyExtension)
  )
  return encodeDer(
    TAG.SEQUENCE,
    encodeDer(TAG.VERSION, encodeDer(TAG.INTEGER, Uint8Array.of(VERSION_3))),
    encodeDer(TAG.INTEGER, serialNumber()),
    algorithm,
    nobody,
    encodeDer(TAG.SEQUENCE, encodeTime(at - VALID_BEFORE_MS), encodeTime(at + VALID_AFTER_MS)),
    nobody,
    spki,
    encodeDer(TAG.EXTENSIONS, encodeDer(TAG.SEQUENCE, extension))
  )
}

/**
 * The peer whose certificate this is (DER). That the other side has its key is for TLS to prove. Rejects when it does
 * not hold now, or is another peer's than `expected`.
 */
export async function verifyTlsCertificate(der: Uint8Array | undefined, expected?: PeerId): Promise<PeerId> {
  if (der === undefined) {
    throw new InvalidCryptoExchangeError('the peer showed no certificate')
  }

  // In DER itself Node would look for the text of another certificate first.
  const certificate = new X509Certificate(pem(der))
  const { issuer, subject, spki, extensions } = partsOf(der)
  const at = Date.now()

  if (!(certificate.validFromDate.getTime() <= at && at <= certificate.validToDate.getTime())) {
    throw new InvalidCryptoExchangeError('the certificate does not hold now')
  }

  if (!equals(issuer, subject) || !certificate.verify(certificate.publicKey)) {
    throw new InvalidCryptoExchangeError('the certificate is not signed by its own key')
  }

  const unknown = extensions.find(({ isCritical, type }) => isCritical && type !== KEY_EXTENSION)

  if (unknown !== undefined) {
    throw new InvalidCryptoExchangeError(`the certificate has the unknown critical extension ${unknown.type}`)
  }

  const { publicKey, signature } = keyIn(extensions)

  if (!(await publicKey.verify(signedText(spki), signature))) {
    throw new InvalidCryptoExchangeError("the peer's key has not signed the certificate's")
  }

  const peerId = peerIdFromCID(publicKey.toCID())

  if (expected !== undefined && !expected.equals(peerId)) {
    throw new UnexpectedPeerError(`expected ${expected}, and got ${peerId}`)
  }
  return peerId
}

interface Extension {
  type: string
  isCritical: boolean
  value: Uint8Array
}

/** What of a certificate Node does not tell. */
function partsOf(der: Uint8Array): {
  issuer: Uint8Array
  subject: Uint8Array
  spki: Uint8Array
  extensions: Extension[]
} {
  const [certificate] = decodeDer(der)
  const [body] = decodeDer(certificate?.content ?? der)
  const parts = decodeDer(body?.content ?? der)
  // The version stands before them where it is not the first one.
  const [, , issuer, , subject, spki, ...rest] = parts[0]?.tag === TAG.VERSION ? parts.slice(1) : parts

  if (issuer === undefined || subject === undefined || spki === undefined) {
    throw new InvalidCryptoExchangeError('this is no certificate')
  }
  const list = rest.find(({ tag }) => tag === TAG.EXTENSIONS)
  const [sequence] = list === undefined ? [] : decodeDer(list.content)
  const extensions = sequence === undefined ? [] : decodeDer(sequence.content).map(extensionOf)
  return { issuer: issuer.whole, subject: subject.whole, spki: spki.whole, extensions }
}

function extensionOf({ content }: DerElement): Extension {
  const [type, ...rest] = decodeDer(content)
  const value = rest.at(-1)

  if (type === undefined || value === undefined) {
    throw new InvalidCryptoExchangeError('the certificate has an extension without a value')
  }
  const isCritical = rest.some(({ tag, content: [flag] }) => tag === TAG.BOOLEAN && flag !== 0)
  return { type: objectId(type.content), isCritical, value: value.content }
}

function keyIn(extensions: readonly Extension[]): {
  publicKey: ReturnType<typeof publicKeyFromProtobuf>
  signature: Uint8Array
} {
  const [found, ...others] = extensions.filter(({ type }) => type === KEY_EXTENSION)
  const [sequence] = found === undefined || others.length > 0 ? [] : decodeDer(found.value)
  const [key, signature, ...rest] = sequence?.tag === TAG.SEQUENCE ? decodeDer(sequence.content) : []

  if (key?.tag !== TAG.OCTET_STRING || signature?.tag !== TAG.OCTET_STRING || rest.length > 0) {
    throw new InvalidCryptoExchangeError("the certificate has no peer's key")
  }
  return { publicKey: publicKeyFromProtobuf(key.content), signature: signature.content }
}

function signedText(spki: Uint8Array): Uint8Array {
  return concat([SIGNED_PREFIX, spki])
}

/** Below 0x80 in its first byte, since it is positive, and never zero there. */
function serialNumber(): Uint8Array {
  const [first = 0, ...rest] = randomBytes(SERIAL_BYTES)
  return Uint8Array.of((first % 0x7f) + 1, ...rest)
}

function encodeTime(ms: number): Uint8Array {
  const date = new Date(ms)
  const digits = `${date.toISOString().replace(/\D/g, '').slice(0, 14)}Z`
  const isShort = date.getUTCFullYear() < UTC_TIME_ENDS
  const text = new TextEncoder().encode(isShort ? digits.slice(2) : digits)
  return encodeDer(isShort ? TAG.UTC_TIME : TAG.GENERALIZED_TIME, text)
}

function pem(der: Uint8Array): string {
  const lines = Buffer.from(der).toString('base64').match(PEM_LINE) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}
