import { concat } from 'uint8arrays/concat'
import { MAX_CERTIFICATE_BYTES, MAX_HANDSHAKE_BYTES } from '../../constants.ts'
import { signCertificate } from '../../identity/certificate.ts'
import { Hello } from '../../protocols/pb/handshake.ts'
import { expectSame } from './broken.ts'
import type { Check } from './check.ts'
import type { ConformNode, PeerVerdict } from './conform-node.ts'

const UNKNOWN_FIELD = Uint8Array.of(0xa0, 0x06, 0x01)
const NO_PROTOBUF = Uint8Array.of(0x0a, 0xff)
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** A check of the verdict on a `Hello`. */
function verdict(
  name: string,
  hello: (node: ConformNode) => Uint8Array | Promise<Uint8Array>,
  due: PeerVerdict
): Check {
  return {
    rule: 'Gate',
    name,
    run: async (node) => expectSame(await node.greet(await hello(node)), due)
  }
}

/** The same with a certificate of one's own making. */
function certificate(
  name: string,
  make: (own: string, node: ConformNode) => string | Promise<string>,
  due: PeerVerdict
) {
  const hello = async (node: ConformNode) => withCertificate(await make(node.credential.certificate.token, node))
  return verdict(`a certificate ${name}`, hello, due)
}

const withCertificate = (token: string) => Hello.encode({ certificate: token })
const own = ({ credential }: ConformNode) => withCertificate(credential.certificate.token)

export const GATE_CHECKS: readonly Check[] = [
  verdict('a Hello is accepted', own, 'accepted'),
  verdict('fields of a later version are ignored', (node) => concat([own(node), UNKNOWN_FIELD]), 'accepted'),
  verdict('an empty Hello', () => new Uint8Array(), 'NO_CERTIFICATE'),
  verdict('a Hello that is no protobuf ends the connection without a verdict', () => NO_PROTOBUF, undefined),
  verdict('a Hello over its limit, too', () => new Uint8Array(MAX_HANDSHAKE_BYTES + 1), undefined),
  certificate('that is none', () => 'x', 'BAD_HEADER'),
  certificate('over its limit', () => 'x'.repeat(MAX_CERTIFICATE_BYTES + 1), 'TOO_LARGE'),
  certificate('with padding', (token) => `${token}==`, 'BAD_HEADER'),
  certificate('with bits behind its last byte', (token) => token.slice(0, -1) + next(token.at(-1)!), 'BAD_HEADER'),
  certificate('without its signature', (token) => token.replace(/[^.]*$/, ''), 'BAD_HEADER'),
  certificate('with another signature', (token) => token.replace(/[^.]*$/, 'A'.repeat(86)), 'BAD_SIGNATURE'),
  certificate(
    'with other claims',
    (token, node) => withClaims(token, node, { role: 'owner', more: 1 }),
    'BAD_SIGNATURE'
  ),
  certificate('for another network', (token, node) => withClaims(token, node, { aud: 'x.example' }), 'WRONG_NETWORK'),
  certificate('without a network', (token, node) => withClaims(token, node, { aud: undefined }), 'BAD_CLAIM'),
  certificate('with the header of a grant', (token) => withHeader(token, { typ: 'nexus-grant+jwt' }), 'BAD_HEADER'),
  certificate('with alg none', (token) => withHeader(token, { alg: 'none' }), 'BAD_HEADER'),
  certificate('with one member more in its header', (token) => withHeader(token, { crit: [] }), 'BAD_HEADER'),
  certificate('signed by no root', (_, node) => selfSigned(node), 'WRONG_ROOT'),
  certificate("of another key: the peer's own", (_, node) => node.theirCertificate, 'WRONG_KEY')
]

/** Another last character for the same bytes. */
function next(last: string): string {
  return ALPHABET[ALPHABET.indexOf(last) + 1] as string
}

function withClaims(token: string, _: ConformNode, changes: object): string {
  const [header, payload, signature] = token.split('.')
  return `${header}.${changed(payload!, changes)}.${signature}`
}

function withHeader(token: string, changes: object): string {
  const [header, payload, signature] = token.split('.')
  return `${changed(header!, changes)}.${payload}.${signature}`
}

function changed(part: string, changes: object): string {
  const value = JSON.parse(Buffer.from(part, 'base64url').toString())
  return Buffer.from(JSON.stringify({ ...value, ...changes })).toString('base64url')
}

function selfSigned({ credential: { privateKey, certificate: subject } }: ConformNode): Promise<string> {
  const terms = { issuedAt: Date.now(), validForMs: 60_000, id: 'conform' }
  return signCertificate({ privateKey, network: subject.network }, subject, terms)
}
