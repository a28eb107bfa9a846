/** Certificates that are bent in their form: what one reader would take and another refuse. */
import { base64url } from 'jose'
import { MAX_JSON_DEPTH } from '../src/constants.ts'
import type { IdentityFailure } from '../src/errors.ts'
import { forgeText, takeApart } from '../test/support/forge.ts'
import { keyFor } from '../test/support/identities.ts'
import type { CertificateInput, VectorCase } from './vector-files.ts'

const root = await keyFor('root')
const MARK = Buffer.from('efbbbf', 'hex')
const BACKSLASH = '\\'

/** A bent header, payload or text, and the reason for which it is refused, or what comes out otherwise than of `good`. */
type Bend = [name: string, token: string | Promise<string>, outcome?: IdentityFailure | object]

/** What is bent: the case `good`. */
export interface Straight {
  input: CertificateInput
  now: number
  expected: object
}

/** The good certificate, bent. */
export async function bentCertificates({ input, now, expected }: Straight): Promise<VectorCase<CertificateInput>[]> {
  const bends = [...headerBends(input.token), ...payloadBends(input.token), ...textBends(input.token)]
  const cases = bends.map(async ([name, token, outcome]): Promise<VectorCase<CertificateInput>> => {
    const bent = { name: `bent: ${name}`, input: { ...input, token: await token }, now }
    return typeof outcome === 'string'
      ? { ...bent, reason: outcome }
      : { ...bent, expected: { ...expected, ...outcome } }
  })
  return Promise.all(cases)
}

function headerBends(token: string): Bend[] {
  const { header, claims } = takeApart(token)
  const text = JSON.stringify(header)
  const with_ = (bent: string | Uint8Array) => forgeText(bent, JSON.stringify(claims), root)
  const more = (members: string) => with_(text.replace('{', `{${members},`))
  return [
    ['header with a byte order mark', with_(Buffer.concat([MARK, Buffer.from(text)])), 'BAD_HEADER'],
    ['header with space in and around it', with_(` ${text.replaceAll(',', ' ,\n\t')}\r\n`)],
    [
      'header with its members in another order',
      with_(JSON.stringify(Object.fromEntries(Object.entries(header).reverse())))
    ],
    ['header with an escaped name', with_(text.replace('"alg"', `"${BACKSLASH}u0061lg"`))],
    ['header with alg twice, the last one good', more('"alg":"none"')],
    ['header with alg twice, the last one bad', with_(text.replace('}', ',"alg":"none"}')), 'BAD_HEADER'],
    ['header with __proto__', more('"__proto__":{"crit":[]}'), 'BAD_HEADER'],
    ['header with Alg beside alg', more('"Alg":"EdDSA"'), 'BAD_HEADER'],
    ['header with alg in lower case', with_(text.replace('EdDSA', 'eddsa')), 'BAD_HEADER'],
    ['header with typ in capitals', with_(text.replace('nexus-cert+jwt', 'NEXUS-CERT+JWT')), 'BAD_HEADER'],
    ['header with a media type as typ', with_(text.replace('nexus-cert', 'application/nexus-cert')), 'BAD_HEADER'],
    ['header whose kid is null', with_(JSON.stringify({ ...header, kid: null })), 'BAD_HEADER'],
    ['header whose kid has space behind', with_(JSON.stringify({ ...header, kid: `${header.kid} ` })), 'WRONG_ROOT'],
    ['header that is a list', with_(`[${text}]`), 'BAD_HEADER'],
    ['header with a comma behind', with_(text.replace('}', ',}')), 'BAD_HEADER'],
    ['header that is not UTF-8', with_(Buffer.from(text.replace('{', '{"\xff":1,'), 'latin1')), 'BAD_HEADER']
  ]
}

function payloadBends(token: string): Bend[] {
  const { header, claims } = takeApart(token)
  const text = JSON.stringify(claims)
  const with_ = (bent: string | Uint8Array) => forgeText(JSON.stringify(header), bent, root)
  const claim = (changes: object) => with_(JSON.stringify({ ...claims, ...changes }))
  const more = (members: string) => with_(text.replace('{', `{${members},`))
  const iat = (number: string) => with_(text.replace(`"iat":${claims.iat}`, `"iat":${number}`))
  const seconds = String(claims.iat)
  return [
    ['payload with a byte order mark', with_(Buffer.concat([MARK, Buffer.from(text)])), 'BAD_CLAIM'],
    ['payload with space around', with_(`\n ${text}\t`)],
    ['payload with more behind', with_(`${text}{}`), 'BAD_CLAIM'],
    ['payload that is not UTF-8', with_(Buffer.from(text.replace('{', '{"a":"\xff",'), 'latin1')), 'BAD_CLAIM'],
    ['unknown claim, deepest nesting', more(`"more":${nested(MAX_JSON_DEPTH - 1)}`)],
    ['unknown claim, nested too deep', more(`"more":${nested(MAX_JSON_DEPTH)}`), 'BAD_CLAIM'],
    ['unknown claim, a number over the largest double', more('"more":1e400'), 'BAD_CLAIM'],
    ['unknown claim, an integer that loses digits', more('"more":12345678901234567890'), 'BAD_CLAIM'],
    ['unknown claim, half of a surrogate pair', more(`"more":"${BACKSLASH}ud800"`)],
    ['__proto__ with claims', more('"__proto__":{"role":"user"}')],
    ['__proto__ in cnf in place of kid', with_(protoInCnf(text)), 'BAD_CLAIM'],
    ['cnf with members of a later version', claim({ cnf: { ...(claims.cnf as object), jwk: {} } })],
    ['cnf that is a list', claim({ cnf: [claims.cnf] }), 'BAD_CLAIM'],
    ['role twice, the last one good', more('"role":"god"')],
    ['role twice, the last one bad', with_(text.replace(/}$/, ',"role":"god"}')), 'BAD_CLAIM'],
    ['names and values with escapes', with_(text.replace('"role":"o', `"r${BACKSLASH}u006fle":"${BACKSLASH}u006F`))],
    ['iat with a point', iat(`${seconds}.0`)],
    ['iat with an exponent', iat('17987616e2')],
    ['iat with a fraction', iat(`${seconds}.5`), 'BAD_CLAIM'],
    ['iat as text', iat(`"${seconds}"`), 'BAD_CLAIM'],
    ['iat below zero', iat('-1'), 'BAD_CLAIM'],
    ['exp at the last second', claim({ exp: 8_640_000_000_000 }), { expiresAt: 8.64e15 }],
    ['exp behind the last second', claim({ exp: 8_640_000_000_001 }), 'BAD_CLAIM'],
    ['aud that is a list', claim({ aud: [claims.aud] }), 'BAD_CLAIM'],
    ['aud in capitals', claim({ aud: String(claims.aud).toUpperCase() }), 'WRONG_NETWORK'],
    ['jti of 128 characters', claim({ jti: 'ü'.repeat(128) }), { id: 'ü'.repeat(128) }],
    ['jti of 129 characters', claim({ jti: 'x'.repeat(129) }), 'BAD_CLAIM'],
    ['jti of 65 characters that are two units each', claim({ jti: '🎈'.repeat(65) }), 'BAD_CLAIM'],
    ['jti that is empty', claim({ jti: '' }), 'BAD_CLAIM'],
    ['app in capitals', claim({ app: 'Etest' }), 'BAD_CLAIM'],
    ['resource with a line break behind', claim({ resource: 'default\n' }), 'BAD_CLAIM'],
    ['block of a later version', claim({ block: 'robot' }), 'BAD_CLAIM']
  ]
}

function protoInCnf(text: string): string {
  return text.replace('"cnf":{"kid":', '"cnf":{"__proto__":{"kid":').replace(/}$/, '}}')
}

function textBends(token: string): Bend[] {
  const [header = '', payload = '', signature = ''] = token.split('.')
  const last = base64url.decode(signature).at(-1) as number
  return [
    ['text with a line break behind', `${token}\n`, 'BAD_HEADER'],
    ['text with padding', `${token}==`, 'BAD_HEADER'],
    ['text with a dot behind', `${token}.`, 'BAD_HEADER'],
    ['text in the alphabet of base64', `${header}.${payload}.${signature.slice(0, -2)}+/`, 'BAD_HEADER'],
    ['signature with bits behind its last byte', `${token.slice(0, -1)}${withSpareBits(signature)}`, 'BAD_HEADER'],
    ['signature without its last byte', `${header}.${payload}.${cut(signature)}`, 'BAD_SIGNATURE'],
    ['signature with a byte behind', `${header}.${payload}.${extended(signature, last)}`, 'BAD_SIGNATURE'],
    [
      'a part of one character over four',
      `${header}.${payload}A${'A'.repeat(4 - (payload.length % 4))}.${signature}`,
      'BAD_HEADER'
    ]
  ]
}

/** Another last character for the same 64 bytes. */
function withSpareBits(signature: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return alphabet[alphabet.indexOf(signature.at(-1) as string) + 1] as string
}

function cut(signature: string): string {
  return base64url.encode(base64url.decode(signature).subarray(0, -1))
}

function extended(signature: string, byte: number): string {
  return base64url.encode(Uint8Array.of(...base64url.decode(signature), byte))
}

function nested(depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth)
}
