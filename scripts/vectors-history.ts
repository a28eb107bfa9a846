/**
 * Writes `test/vectors/history.json`: a question to `$history`, and what who asked it makes of the messages that a keeper
 * answers. The certificate is that of `certificates.json`, case `good`; it has ended when the question is asked.
 *
 * Run: `node scripts/vectors-history.ts`
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { alice, bob } from '../test/support/identities.ts'
import type { CertificateInput, VectorFile } from './vector-files.ts'
import { bytesField, numberField, toHex } from './wire.ts'

export interface HistoryCase {
  name: string
  /** One of the answer's messages, in hex. */
  message: string
  outcome: 'accept' | 'refuse'
  /** With `refuse`: no honest keeper answers so. */
  fault?: boolean
}

export interface HistoryVectors {
  network: string
  root: string
  /** When it is asked, in ms. */
  now: number
  /** The body of the question. */
  question: { topic: string; ranges: Array<[sender: string, epoch: string, start: number, end: number | null]> }
  cases: HistoryCase[]
}

interface Message {
  key?: Ed25519PrivateKey
  topic?: string
  token?: string
  time?: number
  epoch?: number
  first?: number
  count?: number | undefined
  /** Changes the data after it was signed. */
  isChanged?: boolean
  hasKey?: boolean
}

const HOUR = 60 * 60_000

function historyVectors(): HistoryVectors {
  const file = readFileSync(new URL('../test/vectors/certificates.json', import.meta.url), 'utf8')
  const { network, root, cases }: VectorFile<CertificateInput> = JSON.parse(file)
  const { input, now: sentAt } = cases.find(({ name }) => name === 'good')!
  const tampered = cases.find(({ name }) => name === 'tampered payload')!.input.token
  const { exp } = JSON.parse(Buffer.from(input.token.split('.')[1]!, 'base64url').toString())
  const now = exp * 1_000 + HOUR
  const topicOf = (channel: string): string => {
    const text = `nexus channel topic v1\0${network}\0${channel}`
    return `/nexus/channel/${createHash('sha256').update(text).digest('base64url')}`
  }
  const topic = topicOf('mychannel')
  const make = (name: string, outcome: 'accept' | 'refuse', fault: boolean, message: Message): HistoryCase => ({
    name,
    message: write({ topic, token: input.token, time: sentAt, ...message }),
    outcome,
    ...(outcome === 'refuse' ? { fault } : {})
  })
  const accept = (name: string, message: Message) => make(name, 'accept', false, message)
  const refuse = (name: string, fault: boolean, message: Message) => make(name, 'refuse', fault, message)
  return {
    network,
    root,
    now,
    question: {
      topic,
      ranges: [
        [input.peerId, '7', 10, 12],
        [input.peerId, '8', 100, null]
      ]
    },
    cases: [
      accept('one number that was asked for', { first: 10, count: 1 }),
      accept('some that were, and others', { first: 5, count: 6 }),
      accept('without a key, as it is in the peer id', { first: 11, count: 1, hasKey: false }),
      accept('of a range without an end', { epoch: 8, first: 4_000, count: 2 }),
      accept('none, and that a number comes next', { epoch: 8, first: 101, count: 0 }),
      refuse('numbers that were not asked for', true, { first: 12, count: 1 }),
      refuse('numbers before those', true, { first: 8, count: 2 }),
      refuse('another epoch', true, { epoch: 9, first: 10, count: 1 }),
      refuse('none, and nothing new', true, { epoch: 8, first: 100, count: 0 }),
      refuse('none, for a range with an end', true, { first: 11, count: 0 }),
      refuse('it does not say how many it has', true, { first: 10, count: undefined }),
      refuse('another topic', true, { topic: topicOf('yours'), first: 10, count: 1 }),
      refuse('another signature', true, { first: 10, count: 1, isChanged: true }),
      refuse('another sender', true, { key: bob, first: 10, count: 1 }),
      refuse('a certificate that had ended', false, { time: now - 1, first: 10, count: 1 }),
      refuse('from the future', true, { time: now + 2 * 60_000, first: 10, count: 1 }),
      refuse('a certificate with another signature', false, { token: tampered, first: 10, count: 1 }),
      { name: 'no protobuf', message: 'ffffff', outcome: 'refuse', fault: true }
    ]
  }
}

function write({ key = alice, topic = '', token = '', time = 0, isChanged, hasKey = true, ...batch }: Message): string {
  const { epoch = 7, first = 0, count } = batch
  const payload = [
    numberField(1, epoch),
    numberField(2, first),
    bytesField(3, Buffer.alloc(12)),
    bytesField(4, Buffer.alloc(20)),
    ...(count === undefined ? [] : [numberField(6, count)])
  ]
  const data = Buffer.concat([bytesField(1, token), bytesField(2, Buffer.concat(payload)), numberField(3, time)])
  const from = peerIdFromPrivateKey(key).toMultihash().bytes
  const fields = (sent: Buffer) => [
    bytesField(1, from),
    bytesField(2, sent),
    bytesField(3, Buffer.from('0000000000000001', 'hex')),
    bytesField(4, topic)
  ]
  const signature = key.sign(Buffer.concat([Buffer.from('libp2p-pubsub:'), ...fields(data)])) as Uint8Array
  const sent = isChanged === true ? Buffer.concat([data, numberField(9, 1)]) : data
  return toHex(...fields(sent), bytesField(5, signature), ...(hasKey ? [bytesField(6, from.subarray(2))] : []))
}

/** The text of the vector file. */
export function historyVectorText(): string {
  return `${JSON.stringify(historyVectors(), null, 2)}\n`
}

if (import.meta.main) {
  await writeFile(new URL('../test/vectors/history.json', import.meta.url), historyVectorText())
}
