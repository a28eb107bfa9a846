/**
 * Writes `test/vectors/link.json` and the examples of docs/LINK.md: what a program and its sidecar say to each other,
 * frame by frame.
 *
 * Run: `node scripts/vectors-link.ts`
 */
import { readFile, writeFile } from 'node:fs/promises'
import { ALICE_UID, TEST_NETWORK, TEST_NOW } from '../test/support/identities.ts'
import { type FieldVector, frameOf } from './vectors-frames.ts'

export interface LinkStep {
  /** What happens. */
  name: string
  from: 'program' | 'child'
  /** The frame in hex, its length in front. */
  wire: string
  /** The fields of the frame but for `body`. */
  fields: FieldVector
  /** What the body stands for, where there is one. */
  body?: unknown
}

const [REQUEST, RESPONSE, ERROR, CANCEL, DIRECT, ACK] = [1, 2, 3, 6, 7, 8]
const TIMEOUT_MS = 30_000
/** How long an event may wait for its acknowledgement. */
const MAX_TIMER_MS = 2_147_483_647
const PEER = '12D3KooWSQtTd5YwoSs6rsE4pQkYFC2RmiRJtATYrMCX52HnJmCZ'
const WORKER = {
  network: TEST_NETWORK,
  app: 'etest',
  uid: ALICE_UID,
  role: 'owner',
  block: 'worker',
  resource: 'default',
  jid: `etest-${ALICE_UID}-owner@${TEST_NETWORK}/default`,
  peerId: PEER
}
const STATUS = { state: 'online', message: '', notices: [], since: TEST_NOW }
const HELLO = {
  version: 1,
  package: '0.1.0',
  identity: WORKER,
  addresses: [`/ip4/127.0.0.1/tcp/9700/p2p/${PEER}`],
  status: STATUS
}

function step(from: LinkStep['from'], name: string, fields: FieldVector, body?: unknown): LinkStep {
  const { kind, id, cmd, ...others } = fields
  const head: FieldVector = { kind: kind!, id: id!, ...(cmd === undefined ? {} : { cmd }) }
  const json: FieldVector = body === undefined ? {} : { body: Buffer.from(JSON.stringify(body)).toString('hex') }
  return { name, from, wire: frameOf({ ...head, ...json, ...others }), fields, ...(body === undefined ? {} : { body }) }
}

const ask = (id: number, cmd: string, body: unknown, timeoutMs = TIMEOUT_MS) =>
  step('program', cmd, { kind: REQUEST, id, cmd, timeoutMs }, body)
const answer = (id: number, name: string, body: unknown) =>
  step('child', `${name}: answer`, { kind: RESPONSE, id }, body)
const fault = (id: number, name: string, code: number, message: string) =>
  step('child', `${name}: error`, { kind: ERROR, id, code, message })
const event = (id: number, body: { event: string }) =>
  step('child', `event ${body.event}`, { kind: DIRECT, id, timeoutMs: MAX_TIMER_MS }, body)
const acknowledge = (id: number, name: string) => step('program', `event ${name}: ack`, { kind: ACK, id })

/** A worker that serves `double`, calls it itself, publishes to itself, and stops. */
function conversation(): LinkStep[] {
  return [
    ask(1, 'hello', { version: 1, options: { credential: '/etc/nexus/worker.json', bootstrap: [] } }),
    answer(1, 'hello', HELLO),
    ask(3, 'handle', { cmd: 'double' }),
    answer(3, 'handle', null),
    ask(5, 'listen', { what: 'direct' }),
    answer(5, 'listen', null),
    ask(7, 'subscribe', { channel: 'news', secret: 's3cret' }),
    answer(7, 'subscribe', { reach: 'alone' }),
    ask(9, 'api', { app: 'etest', ownership: 'mine', cmd: 'double', body: { n: 21 } }),
    step(
      'child',
      'call',
      { kind: REQUEST, id: 2, cmd: 'call', timeoutMs: 31_000 },
      { cmd: 'double', body: { n: 21 }, from: WORKER }
    ),
    step('program', 'call: answer', { kind: RESPONSE, id: 2 }, { body: { n: 42 } }),
    answer(9, 'api', { body: { n: 42 } }),
    ask(11, 'api', { app: 'etest', cmd: 'double', body: { n: 'x' } }),
    step(
      'child',
      'call',
      { kind: REQUEST, id: 4, cmd: 'call', timeoutMs: 31_000 },
      { cmd: 'double', body: { n: 'x' }, from: WORKER }
    ),
    step('program', 'call: error on purpose', { kind: ERROR, id: 4, code: -502, message: 'no number' }, { given: 'x' }),
    step('child', 'api: error', { kind: ERROR, id: 11, code: -502, message: 'no number' }, { given: 'x' }),
    ask(13, 'direct', { app: 'etest', body: { hello: 1 } }),
    event(6, { event: 'direct', body: { hello: 1 }, from: WORKER } as { event: string }),
    acknowledge(6, 'direct'),
    answer(13, 'direct', null),
    ask(15, 'publish', { channel: 'news', secret: 's3cret', body: { hi: true } }),
    event(8, {
      event: 'channel',
      channel: 'news',
      secret: 's3cret',
      body: { hi: true },
      from: WORKER,
      itsMe: true,
      itsBro: false,
      seq: 0
    } as { event: string }),
    acknowledge(8, 'channel'),
    answer(15, 'publish', { peers: 0 }),
    ask(17, 'find', { app: 'etest' }, 200),
    answer(17, 'find', { workers: [WORKER] }),
    ask(19, 'unsubscribe', { channel: 'news', secret: 's3cret' }),
    answer(19, 'unsubscribe', null),
    ask(21, 'unhandle', { cmd: 'double' }),
    answer(21, 'unhandle', null),
    ask(23, 'api', { app: 'etest', cmd: 'double' }),
    fault(23, 'api', -500, "the worker has no command 'double'"),
    ask(25, 'dance', null),
    fault(25, 'dance', -500, "there is no request 'dance'"),
    ask(27, 'stop', null),
    answer(27, 'stop', null)
  ]
}

/** Frames that do not come in the conversation. */
function others(): LinkStep[] {
  return [
    step('program', 'cancel', { kind: CANCEL, id: 9 }),
    step('child', 'cancel of a call', { kind: CANCEL, id: 2 }),
    answer(9, 'api, raw bytes', { bodyBase64: 'AP8=' }),
    event(10, { event: 'gap', channel: 'news', from: WORKER, missed: 3 } as { event: string }),
    event(12, { event: 'dropped', channel: 'news', count: 7 } as { event: string }),
    event(14, { event: 'status', ...STATUS, state: 'offline', reason: 'UNREACHABLE', message: 'no relay' } as {
      event: string
    })
  ]
}

/** The text of the vector file. */
export function linkVectorText(): string {
  return `${JSON.stringify({ conversation: conversation(), others: others() }, null, 2)}\n`
}

/** The examples of docs/LINK.md: a list of both. */
function examples(): string {
  const lines = (steps: LinkStep[]) =>
    steps.map(({ from, name, wire, body }) => {
      const json = body === undefined ? '' : ` with \`${JSON.stringify(body)}\``
      return `- ${from === 'program' ? '→' : '←'} **${name}**${json}:\n  \`${wire}\``
    })
  return ['→ is the program, ← the child.', '', ...lines(conversation()), '', 'Others:', '', ...lines(others())].join(
    '\n'
  )
}

/** docs/LINK.md with its examples in place of those that are there. */
export function withExamples(document: string): string {
  return document.replace(/(<!-- examples.*?-->\n).*(<!-- end of examples -->)/s, (_, begin, end) => {
    return `${begin}\n${examples()}\n\n${end}`
  })
}

if (import.meta.main) {
  const document = new URL('../docs/LINK.md', import.meta.url)
  await writeFile(new URL('../test/vectors/link.json', import.meta.url), linkVectorText())
  await writeFile(document, withExamples(await readFile(document, 'utf8')))
}
