/**
 * Writes `test/vectors/gossip.json`: the data of gossip messages, and what a hop makes of them. Certificate and lease
 * are those of `certificates.json` and `leases.json`, case `good`.
 *
 * Run: `node scripts/vectors-gossip.ts`
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { peerIdOf } from '../src/identity/keys.ts'
import { alice, bob } from '../test/support/identities.ts'
import type { CertificateInput, LeaseInput, VectorFile } from './vector-files.ts'
import { bytesField, numberField, toHex } from './wire.ts'

export interface GossipCase {
  name: string
  topic: string
  /** The peer id that signed the message, whose signature holds. */
  from: string
  /** Hex. */
  data: string
  outcome: 'accept' | 'ignore' | 'reject'
  /** With `reject`: whether the neighbour that it came from, another than its sender, may be disconnected for it. */
  fault?: boolean
  /** With `accept`: what the topic carries, in hex. */
  payload?: string
}

export interface GossipVectors {
  network: string
  root: string
  /** The receiver's time, in ms, and its peer id. */
  now: number
  self: string
  cases: GossipCase[]
}

const MINUTE = 60_000

function read<Input>(name: string): VectorFile<Input> {
  return JSON.parse(readFileSync(new URL(`../test/vectors/${name}`, import.meta.url), 'utf8'))
}

function topicOf(kind: 'channel' | 'lease', network: string, name: string): string {
  const digest = createHash('sha256').update(`nexus ${kind} topic v1\0${network}\0${name}`)
  return `/nexus/${kind}/${digest.digest('base64url')}`
}

function gossipVectors(): GossipVectors {
  const { network, root, cases: certificates } = read<CertificateInput>('certificates.json')
  const { input, now } = certificates.find(({ name }) => name === 'good')!
  const bent = (name: string) => certificates.find((one) => one.name === name)!.input.token
  const certificate = bytesField(1, input.token)
  const payload = Buffer.from('payload')
  const envelope = (shown: string, time: number) => [bytesField(1, shown), bytesField(2, payload), numberField(3, time)]
  const good = envelope(input.token, now)
  const base = { topic: topicOf('channel', network, 'mychannel'), from: input.peerId }
  const accept = (name: string, ...parts: Buffer[]): GossipCase => ({
    ...{ name, ...base, data: toHex(...parts) },
    outcome: 'accept',
    payload: toHex(payload)
  })
  const ignore = (name: string, ...parts: Buffer[]): GossipCase => ({
    ...{ name, ...base, data: toHex(...parts) },
    outcome: 'ignore'
  })
  const reject = (name: string, fault: boolean, ...parts: Buffer[]): GossipCase => ({
    ...{ name, ...base, data: toHex(...parts) },
    outcome: 'reject',
    fault
  })
  const cases = [
    accept('good', ...good),
    accept('good, in another order', ...good.toReversed()),
    accept('good, fields of a later version', ...good, bytesField(9, 'more'), numberField(10, 1)),
    accept('good, fields twice: the last ones', bytesField(1, 'x'), bytesField(2, 'x'), numberField(3, 0), ...good),
    accept('good, a minute old', ...envelope(input.token, now - MINUTE)),
    accept('good, a minute ahead', ...envelope(input.token, now + MINUTE)),
    { ...accept('good, without a payload', certificate, numberField(3, now)), payload: '' },
    ignore('over a minute old', ...envelope(input.token, now - MINUTE - 1)),
    ignore('over a minute ahead', ...envelope(input.token, now + MINUTE + 1)),
    ignore('without a time', certificate, bytesField(2, payload)),
    ignore('nothing', ...[]),
    { ...ignore('of the receiver itself', ...good), from: peerIdOf(bob) },
    reject('no protobuf', true, Buffer.from('ffffff', 'hex')),
    reject('a payload longer than the data', true, ...good, Buffer.from('1205aa', 'hex')),
    reject('a time over 2^53 - 1', true, certificate, numberField(3, 2n ** 64n - 1n)),
    reject('no certificate', true, bytesField(2, payload), numberField(3, now)),
    reject('a certificate that is none', true, ...envelope('x', now)),
    reject('a certificate with another signature', true, ...envelope(bent('tampered payload'), now)),
    reject('a certificate of another network', true, ...envelope(bent('foreign network'), now)),
    reject('a certificate of another root', false, ...envelope(bent('foreign root'), now)),
    reject('a certificate without a claim', false, ...envelope(bent('claim app missing'), now)),
    { ...reject("another's certificate", true, ...good), from: MALLORY }
  ]
  return { network, root, now, self: peerIdOf(bob), cases: [...cases, ...leaseCases(network, input.token)] }
}

function leaseCases(network: string, token: string): GossipCase[] {
  const { cases } = read<LeaseInput>('leases.json')
  const { input, now } = cases.find(({ name }) => name === 'good')!
  const bent = (name: string) => cases.find((one) => one.name === name)!.input
  const certificate = bytesField(1, token)
  const topic = topicOf('lease', network, 'etest')
  const leaseCase = (name: string, lease: Uint8Array | string, outcome: 'accept' | 'reject'): GossipCase => ({
    name: `lease: ${name}`,
    topic,
    from: peerIdOf(alice),
    data: toHex(certificate, bytesField(2, lease), numberField(3, now)),
    outcome,
    ...(outcome === 'accept' ? { payload: toHex(Buffer.from(lease)) } : { fault: false })
  })
  return [
    leaseCase('good', input.token, 'accept'),
    { ...leaseCase('on the topic of another app', input.token, 'reject'), topic: topicOf('lease', network, 'other') },
    { ...leaseCase('on a channel', input.token, 'accept'), topic: topicOf('channel', network, 'etest') },
    { ...leaseCase('that is none', 'payload', 'reject'), fault: true },
    { ...leaseCase('with a byte order mark', `\ufeff${input.token}`, 'reject'), fault: true },
    { ...leaseCase('signed by another', bent('signed by another').token, 'reject'), fault: true },
    leaseCase('with a bad claim', bent('a load below 0').token, 'reject')
  ]
}

const MALLORY = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'

/** The text of the vector file. */
export function gossipVectorText(): string {
  return `${JSON.stringify(gossipVectors(), null, 2)}\n`
}

if (import.meta.main) {
  await writeFile(new URL('../test/vectors/gossip.json', import.meta.url), gossipVectorText())
}
