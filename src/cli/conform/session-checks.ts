import { MAX_COMMAND_BYTES, MAX_FRAME_BYTES, MAX_JSON_DEPTH } from '../../constants.ts'
import { encodeFrame, type FrameFields, KIND } from '../../protocols/session/frame.ts'
import { expectSame } from './broken.ts'
import type { Check } from './check.ts'
import type { RawSession } from './raw-session.ts'

const { REQUEST, RESPONSE, ERROR, PART, END, CANCEL, ACK, PING } = KIND
const UNKNOWN_KIND = 4_000
/** Asked for the leases of an app: every member answers, and no grant is needed. */
const APP = '{"app":"etest"}'
const text = (body: string) => Uint8Array.from(Buffer.from(body))
const leases = (id: number, body: string | Uint8Array, more: FrameFields = {}): FrameFields => {
  const bytes = typeof body === 'string' ? text(body) : body
  return { kind: REQUEST, id, cmd: '$leases', body: bytes, timeoutMs: 5_000, ...more }
}

/** A check on a session of its own. */
function session(rule: string, name: string, run: (session: RawSession) => Promise<void>): Check {
  return {
    rule,
    name,
    run: async (node) => {
      const raw = await node.openSession()

      try {
        await run(raw)
      } finally {
        raw.close()
      }
    }
  }
}

/** How the call 1 ends, and that the session goes on. */
function outcome(rule: string, name: string, due: string, ...frames: FrameFields[]): Check {
  return session(rule, name, async (raw) => {
    raw.send(...frames)
    expectSame(await raw.outcomeOf(1), due)
    raw.send({ kind: PING, id: 11 })
    expectSame(await raw.outcomeOf(11), 'ack')
  })
}

/** What is said before a ping has no answer, and ends nothing. */
function ignored(name: string, ...frames: FrameFields[]): Check {
  return outcome('Frames', name, 'ack', ...frames, { kind: PING, id: 1 })
}

function resets(rule: string, name: string, bytes: Uint8Array): Check {
  return session(rule, name, async (raw) => {
    raw.sendBytes(bytes)
    await raw.reset()
  })
}

function refusedBody(name: string, body: string | Uint8Array, more: FrameFields = {}): Check {
  return outcome('Bodies', `refused: ${name}`, 'INVALID', leases(1, body, more))
}

const BODIES: readonly Check[] = [
  outcome('Bodies', 'the last of members with one name counts', 'response', leases(1, '{"app":1,"app":"etest"}')),
  outcome('Bodies', '__proto__ is left out', 'response', leases(1, '{"__proto__":{"app":1},"app":"etest"}')),
  refusedBody('a byte order mark', Buffer.from(`\ufeff${APP}`)),
  refusedBody('what is not UTF-8', Buffer.from('{"app":"etest","a":"\xff"}', 'latin1')),
  refusedBody('no bytes', ''),
  refusedBody('two values', `${APP}{}`),
  refusedBody('a number over the largest double', '{"app":"etest","a":1e400}'),
  refusedBody('an integer that loses digits', '{"app":"etest","a":12345678901234567890}'),
  refusedBody('nested too deep', `{"app":"etest","a":${'['.repeat(MAX_JSON_DEPTH)}${']'.repeat(MAX_JSON_DEPTH)}}`),
  refusedBody('a type that does not exist', APP, { type: 5 })
]

const LARGE: readonly Check[] = [
  outcome(
    'Large bodies',
    'a body comes in parts, the first one short',
    'response',
    leases(1, APP.slice(0, 1), { size: APP.length }),
    { kind: PART, id: 1, body: text(APP.slice(1)) },
    { kind: END, id: 1 }
  ),
  outcome('Large bodies', 'more bytes than declared', 'INVALID', leases(1, '{', { size: 2 }), {
    kind: PART,
    id: 1,
    body: text('}  ')
  }),
  outcome('Large bodies', 'an end before all have come', 'INVALID', leases(1, '{', { size: 9 }), { kind: END, id: 1 })
]

export const SESSION_CHECKS: readonly Check[] = [
  outcome('A call', 'a ping is acknowledged', 'ack', { kind: PING, id: 1 }),
  session('Frames', 'frames are taken however their bytes are split', async (raw) => {
    for (const byte of encodeFrame({ kind: PING, id: 1 })) {
      raw.sendBytes(Uint8Array.of(byte))
      await new Promise((resolve) => setImmediate(resolve))
    }
    expectSame(await raw.outcomeOf(1), 'ack')
  }),
  session('Frames', 'fields of a later version are ignored', async (raw) => {
    raw.sendBytes(Uint8Array.of(7, 8, PING, 0xa0, 0x06, 1, 16, 1))
    expectSame(await raw.outcomeOf(1), 'ack')
  }),
  ignored('a kind of a later version is ignored', { kind: UNKNOWN_KIND, id: 9 }),
  ignored('an empty envelope is ignored', {}),
  ignored(
    'frames of calls that are not under way are ignored',
    ...[RESPONSE, ERROR, PART, END, CANCEL, ACK].map((kind) => ({ kind, id: 77 }))
  ),
  outcome('System commands', 'an unknown one', 'NO_HANDLER', {
    kind: REQUEST,
    id: 1,
    cmd: '$conform',
    body: text('null')
  }),
  outcome('System commands', 'a known one is answered', 'response', leases(1, APP)),
  outcome('System commands', 'a malformed body', 'INVALID', leases(1, '{"app":1}')),
  outcome('System commands', 'a revocation list that is none', 'REFUSED', {
    ...leases(1, '{"list":"x"}'),
    cmd: '$revocations'
  }),
  outcome('Frames', 'a command over its limit', 'INVALID', {
    ...leases(1, APP),
    cmd: 'x'.repeat(MAX_COMMAND_BYTES + 1)
  }),
  ...BODIES,
  ...LARGE,
  resets('Frames', 'a length over the limit resets the stream', varint(MAX_FRAME_BYTES + 1)),
  resets('Frames', 'a length that is not in its shortest form resets the stream', Uint8Array.of(0x84, 0x00)),
  resets('Frames', 'an envelope that is no protobuf resets the stream', Uint8Array.of(2, 0x08, 0xff)),
  resets('Ids', 'a request with the id 0 resets the stream', encodeFrame(leases(0, APP))),
  resets('Ids', "a request with an id of the peer's own resets the stream", encodeFrame(leases(2, APP))),
  resets(
    'Ids',
    'a request with the id of one under way resets the stream',
    Buffer.concat([leases(1, '{', { size: 9 }), leases(1, APP)].map(encodeFrame))
  )
]

function varint(value: number): Uint8Array {
  return Uint8Array.of((value & 0x7f) | 0x80, ((value >> 7) & 0x7f) | 0x80, value >> 14)
}
