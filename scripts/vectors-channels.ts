/**
 * Writes the channel vectors, `test/vectors/{topics,channel-bodies}.json`, which every implementation of Nexus reads in
 * its tests. Names, keys and nonces are fixed: the files come out the same each time. Hashes, keys and ciphertexts are
 * computed here with `node:crypto` alone, so that they check the library and not themselves.
 *
 * Run: `node scripts/vectors-channels.ts`
 */
import { createCipheriv, createHash, hkdfSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { peerIdOf } from '../src/identity/keys.ts'
import { ChannelBatch, ChannelItems } from '../src/protocols/pb/channel.ts'
import { alice, bob, TEST_NETWORK } from '../test/support/identities.ts'

export interface TopicVectors {
  channels: Array<{ network: string; name: string; topic: string }>
  /** Names that are refused with `INVALID`. */
  badNames: Array<{ name: string; why: string }>
  leases: Array<{ network: string; app: string; topic: string }>
}

/** Bytes are in hex, `epoch` in decimal. */
export interface BodyVector {
  name: string
  network: string
  channel: string
  secret?: string
  sender: string
  epoch: string
  first: number
  /** In ms. Senders of earlier versions leave it out. */
  epochBegan?: number
  /** How many messages it has. Senders of earlier versions leave it out. */
  count?: number
  items: Array<{ type: number; body: string }>
  plaintext: string
  key: string
  nonce: string
  ciphertext: string
  /** The whole `ChannelBatch`. */
  payload: string
}

/** Payloads that a subscriber of `channel` drops. */
export interface BadBodyVector {
  name: string
  network: string
  channel: string
  secret?: string
  sender: string
  payload: string
}

export interface BodyVectors {
  good: BodyVector[]
  bad: BadBodyVector[]
}

const OTHER_NETWORK = 'other.nexus.example'
const LONGEST_NAME = `${'ä'.repeat(127)}b`

function topicOf(kind: 'channel' | 'lease', network: string, name: string): string {
  const input = `nexus ${kind} topic v1\0${network}\0${name}`
  return `/nexus/${kind}/${createHash('sha256').update(input, 'utf8').digest('base64url')}`
}

function topicVectors(): TopicVectors {
  const channels = [
    [TEST_NETWORK, 'mychannel'],
    [OTHER_NETWORK, 'mychannel'],
    [TEST_NETWORK, 'grüße/ガイド 🎈'],
    [TEST_NETWORK, 'with\0zero'],
    [TEST_NETWORK, LONGEST_NAME]
  ] as const
  const leases = [
    [TEST_NETWORK, 'etest'],
    [OTHER_NETWORK, 'etest']
  ] as const
  return {
    channels: channels.map(([network, name]) => ({ network, name, topic: topicOf('channel', network, name) })),
    badNames: [
      { name: '', why: 'empty' },
      { name: 'a'.repeat(256), why: '256 bytes' },
      { name: `${LONGEST_NAME}b`, why: '256 bytes in 129 characters' },
      { name: 'half \ud800', why: 'half of a surrogate pair' }
    ],
    leases: leases.map(([network, app]) => ({ network, app, topic: topicOf('lease', network, app) }))
  }
}

type Plain = Omit<BodyVector, 'plaintext' | 'key' | 'nonce' | 'ciphertext' | 'payload'>

function seal(plain: Plain): BodyVector {
  const { network, channel, secret = '', sender, epoch, first, epochBegan, count } = plain
  const items = plain.items.map(({ type, body }) => ({ type, body: Uint8Array.from(Buffer.from(body, 'hex')) }))
  const plaintext = ChannelItems.encode({ items })
  const info = Buffer.concat([
    Buffer.from(`nexus channel key v1\0${topicOf('channel', network, channel)}\0${sender}\0`),
    uint64(BigInt(epoch))
  ])
  const key = Buffer.from(hkdfSync('sha256', Buffer.from(`${channel}\0${secret}`), Buffer.from(network), info, 32))
  const nonce = createHash('sha256').update(`nonce ${plain.name}`).digest().subarray(0, 12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(uint64(BigInt(first)))
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
  const payload = ChannelBatch.encode({
    epoch: BigInt(epoch),
    first,
    nonce: Uint8Array.from(nonce),
    ciphertext: Uint8Array.from(ciphertext),
    epochBegan,
    count
  })
  return {
    ...plain,
    plaintext: hex(plaintext),
    key: hex(key),
    nonce: hex(nonce),
    ciphertext: hex(ciphertext),
    payload: hex(payload)
  }
}

function bodyVectors(): BodyVectors {
  const json = (value: unknown) => ({ type: 0, body: hex(Buffer.from(JSON.stringify(value))) })
  const base = { network: TEST_NETWORK, channel: 'mychannel', sender: peerIdOf(alice), epoch: '1', first: 0 }
  const hi = seal({ ...base, name: 'one message', items: [json({ hi: true })] })
  const good = [
    hi,
    seal({ ...base, name: 'a batch', first: 41, items: [json(1), { type: 1, body: '00ff10' }, json('grüße')] }),
    seal({ ...base, name: 'a secret', secret: 'correct horse', items: [json({ hi: true })] }),
    seal({ ...base, name: 'another sender', sender: peerIdOf(bob), items: [json(null)] }),
    seal({ ...base, name: 'the largest numbers', epoch: `${2n ** 64n - 1n}`, first: 2 ** 53 - 2, items: [json(0)] }),
    seal({ ...base, name: 'an empty raw body', items: [{ type: 1, body: '' }] }),
    seal({ ...base, name: 'the beginning of the epoch', first: 7, epochBegan: 1_770_000_000_000, items: [json(7)] }),
    seal({ ...base, name: 'how many messages it has', first: 8, count: 2, items: [json(8), json(9)] }),
    seal({ ...base, name: 'no message: a number that comes next', first: 10, count: 0, items: [] })
  ]
  return { good, bad: badBodies(hi) }
}

function badBodies(hi: BodyVector): BadBodyVector[] {
  const { network, channel, sender } = hi
  const batch = ChannelBatch.decode(Buffer.from(hi.payload, 'hex'))
  const bad = (name: string, payload: Uint8Array, changes: Partial<BadBodyVector> = {}): BadBodyVector => ({
    name,
    network,
    channel,
    sender,
    payload: hex(payload),
    ...changes
  })
  const whole = ChannelBatch.encode(batch)
  const flipped = batch.ciphertext.slice()
  flipped[0] = (flipped[0] as number) ^ 1
  return [
    bad('another number', ChannelBatch.encode({ ...batch, first: 1 })),
    bad('another epoch', ChannelBatch.encode({ ...batch, epoch: 2n })),
    bad('another sender', whole, { sender: peerIdOf(bob) }),
    bad('another channel', whole, { channel: 'yourchannel' }),
    bad('another network', whole, { network: OTHER_NETWORK }),
    bad('a secret that was not used', whole, { secret: 'correct horse' }),
    bad('a changed byte', ChannelBatch.encode({ ...batch, ciphertext: flipped })),
    bad('a cut ciphertext', ChannelBatch.encode({ ...batch, ciphertext: batch.ciphertext.slice(0, 8) })),
    bad('a short nonce', ChannelBatch.encode({ ...batch, nonce: batch.nonce.slice(1) })),
    bad('another number of messages', ChannelBatch.encode({ ...batch, count: 2 })),
    bad('not protobuf', Uint8Array.of(255, 255, 255)),
    bad('nothing', new Uint8Array())
  ]
}

function uint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(value)
  return bytes
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** The text of each vector file by its name. */
export function channelVectors(): Record<string, string> {
  const files = { 'topics.json': topicVectors(), 'channel-bodies.json': bodyVectors() }
  return Object.fromEntries(Object.entries(files).map(([name, file]) => [name, `${JSON.stringify(file, null, 2)}\n`]))
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(channelVectors())) {
    await writeFile(new URL(`../test/vectors/${name}`, import.meta.url), text)
  }
}
