/**
 * Writes `test/vectors/handshake.json`: the messages of the gate, and what comes of them. The certificate is that of
 * case `good` in `certificates.json`.
 *
 * Run: `node scripts/vectors-handshake.ts`
 */
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import type { IdentityFailure } from '../src/errors.ts'
import type { CertificateInput, VectorFile } from './vector-files.ts'
import { bytesField, numberField, toHex } from './wire.ts'

/** Messages without their lengths, in hex. */
export interface HandshakeVectors {
  network: string
  root: string
  /** The peer id that the encrypter has proven of the one who sends the `Hello`. */
  peerId: string
  /** The time of the one who reads, in ms. */
  now: number
  /** `fields`: what is read of a `Hello` that is accepted. `refused`: the verdict on it. */
  hellos: Array<{ name: string; wire: string; fields?: object; refused?: IdentityFailure }>
  /** No protobuf: the connection fails with `NO_CERTIFICATE`, and no verdict is sent. */
  badHellos: Array<{ why: string; wire: string }>
  /** What the side that reads it reports: nothing when it is accepted. */
  verdicts: Array<{ name: string; wire: string; code?: 'REFUSED' | 'BUSY'; reason?: IdentityFailure }>
}

const certificates = new URL('../test/vectors/certificates.json', import.meta.url)
const MAX_NUMBER = 2n ** 53n - 1n

function handshakeVectors(): HandshakeVectors {
  const { network, root, cases } = JSON.parse(readFileSync(certificates, 'utf8')) as VectorFile<CertificateInput>
  const { input, now } = cases.find(({ name }) => name === 'good')!
  const { token } = input
  const certificate = bytesField(1, token)
  const hello = (name: string, fields: object, ...parts: Buffer[]) => ({ name, wire: toHex(...parts), fields })
  const refused = (name: string, reason: IdentityFailure, ...parts: Buffer[]) => ({
    name,
    wire: toHex(...parts),
    refused: reason
  })
  return {
    network,
    root,
    peerId: input.peerId,
    now,
    hellos: [
      hello('without a list', { revocationVersion: 0 }, certificate),
      hello('with a list', { revocationVersion: 3 }, certificate, numberField(2, 3)),
      hello('of earlier versions, 0 written', { revocationVersion: 0 }, certificate, numberField(2, 0)),
      hello(
        'lists numbered by ms',
        { revocationVersion: 1_798_761_600_000 },
        certificate,
        numberField(2, 1_798_761_600_000n)
      ),
      hello('the largest number', { revocationVersion: Number(MAX_NUMBER) }, certificate, numberField(2, MAX_NUMBER)),
      hello(
        'with a time',
        { revocationVersion: 3, time: now + 5 },
        certificate,
        numberField(2, 3),
        numberField(3, now + 5)
      ),
      hello(
        'with the number of a start',
        { revocationVersion: 3, instance: Number(MAX_NUMBER) },
        certificate,
        numberField(2, 3),
        numberField(5, MAX_NUMBER)
      ),
      hello('with the number 0', { revocationVersion: 0, instance: 0 }, certificate, numberField(5, 0)),
      hello('in another order', { revocationVersion: 3 }, numberField(2, 3), certificate),
      hello(
        'fields twice: the last ones',
        { revocationVersion: 4 },
        bytesField(1, 'x'),
        numberField(2, 3),
        certificate,
        numberField(2, 4)
      ),
      hello(
        'fields of a later version',
        { revocationVersion: 0 },
        numberField(1_000, 1),
        certificate,
        bytesField(1_001, 'x')
      ),
      refused('empty', 'NO_CERTIFICATE'),
      refused('without a certificate', 'NO_CERTIFICATE', numberField(2, 3)),
      refused('a certificate that is none', 'BAD_HEADER', bytesField(1, 'x')),
      refused('a certificate over its limit', 'TOO_LARGE', bytesField(1, 'x'.repeat(8_193)))
    ],
    badHellos: [
      { why: 'a certificate longer than the message', wire: toHex(certificate.subarray(0, -1)) },
      { why: 'a number that does not end', wire: toHex(certificate, Buffer.from('10ff', 'hex')) },
      { why: 'a version over 2^53 - 1', wire: toHex(certificate, numberField(2, MAX_NUMBER + 1n)) },
      { why: 'a time over 2^53 - 1', wire: toHex(certificate, numberField(3, 2n ** 64n - 1n)) },
      { why: 'a number of a start over 2^53 - 1', wire: toHex(certificate, numberField(5, MAX_NUMBER + 1n)) },
      { why: 'a wire type that does not exist', wire: toHex(certificate, Buffer.from('a70601', 'hex')) }
    ],
    verdicts: [
      { name: 'accepted', wire: '' },
      { name: 'accepted, written', wire: toHex(bytesField(1, '')) },
      { name: 'accepted, fields of a later version', wire: toHex(bytesField(9, 'more')) },
      { name: 'refused', wire: toHex(bytesField(1, 'EXPIRED')), code: 'REFUSED', reason: 'EXPIRED' },
      {
        name: 'a reason of a later version',
        wire: toHex(bytesField(1, 'TOO_SHY')),
        code: 'REFUSED',
        reason: 'BAD_CLAIM'
      },
      { name: 'a reason in lower case', wire: toHex(bytesField(1, 'expired')), code: 'REFUSED', reason: 'BAD_CLAIM' },
      {
        name: 'another block has the key',
        wire: toHex(
          bytesField(1, 'IN_USE'),
          bytesField(2, 'etest-anna-owner@test.nexus.example/default at /ip4/192.0.2.1/tcp/1')
        ),
        code: 'REFUSED',
        reason: 'IN_USE'
      },
      { name: 'the limit of a user', wire: toHex(bytesField(1, 'USER_LIMIT')), code: 'BUSY' },
      { name: 'cut off before', wire: toHex(bytesField(1, 'CUT_OFF')), code: 'BUSY' }
    ]
  }
}

/** The text of the vector file. */
export function handshakeVectorText(): string {
  return `${JSON.stringify(handshakeVectors(), null, 2)}\n`
}

if (import.meta.main) {
  await writeFile(new URL('../test/vectors/handshake.json', import.meta.url), handshakeVectorText())
}
