import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import type { Stream } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import { type LinkStep, linkVectorText, withExamples } from '../../scripts/vectors-link.ts'
import { MAX_FRAME_BYTES } from '../../src/constants.ts'
import { BODY_JSON, decodeBody } from '../../src/protocols/body/body.ts'
import { type Frame, joined, KIND } from '../../src/protocols/session/frame.ts'
import { FrameDecoder } from '../../src/protocols/session/frame-decoder.ts'
import { Link } from '../../src/sidecar/link.ts'
import { log } from '../support/calls.ts'
import { ALICE_UID, alice } from '../support/identities.ts'
import { TestMesh } from '../support/mesh.ts'
import { until } from '../support/until.ts'

const text = await readFile(new URL('../vectors/link.json', import.meta.url), 'utf8')
const { conversation, others }: { conversation: LinkStep[]; others: LinkStep[] } = JSON.parse(text)
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'))
const document = await readFile(new URL('../../docs/LINK.md', import.meta.url), 'utf8')

function bodyOf({ body }: Frame): unknown {
  const whole = joined(body)
  return whole.byteLength === 0 ? undefined : decodeBody(BODY_JSON, whole)
}

function decode(wire: string): Frame[] {
  const frames: Frame[] = []
  new FrameDecoder(MAX_FRAME_BYTES).push(bytes(wire), (frame) => frames.push(frame))
  return frames
}

/** What frames say, but for what differs from run to run: times and addresses. */
function said(frames: Iterable<Pick<Frame, 'kind' | 'id' | 'code' | 'cmd'> & { said: unknown }>): string[] {
  const varying = new Set(['since', 'package', 'addresses'])
  return Array.from(frames, ({ kind, id, code, cmd, said: body }) =>
    JSON.stringify([kind, id, code, cmd, body], (key, value) => (varying.has(key) ? typeof value : value))
  )
}

class Program {
  readonly arrived: Frame[] = []
  readonly #stream: Stream

  constructor(stream: Stream) {
    const decoder = new FrameDecoder(MAX_FRAME_BYTES)
    stream.addEventListener('message', ({ data }) => decoder.push(data.subarray(), (frame) => this.#take(frame)))
    this.#stream = stream
  }

  send({ wire }: LinkStep): void {
    this.#stream.send(bytes(wire))
  }

  // How the block stands is told when it changes, whenever that is.
  #take(frame: Frame): void {
    if (frame.kind === KIND.DIRECT && (bodyOf(frame) as { event: string }).event === 'status') {
      this.#stream.send(Uint8Array.of(4, 8, KIND.ACK, 16, frame.id))
    } else {
      this.arrived.push(frame)
    }
  }
}

describe('link vectors', () => {
  const mesh = TestMesh.create()

  after(async () => (await mesh).stop())

  it('are what the generator writes', () => {
    assert.equal(text, linkVectorText(), 'run scripts/vectors-link.ts')
  })

  for (const { name, wire, fields, body } of [...conversation, ...others]) {
    it(`${name} (${fields.kind}, ${fields.id})`, () => {
      const [frame] = decode(wire)
      assert.ok(frame !== undefined)
      const told = Object.fromEntries(Object.keys(fields).map((field) => [field, frame[field as keyof Frame]]))
      assert.deepEqual([told, bodyOf(frame)], [fields, body])
    })
  }

  it('are the examples of docs/LINK.md', () => {
    assert.equal(document, withExamples(document), 'run scripts/vectors-link.ts')
    assert.ok(document.includes(conversation[0]!.wire))
  })

  it('are what a sidecar says to a program that says its part', async () => {
    const [there, here] = await streamPair()
    const program = new Program(there)
    const join = async () => (await mesh).block({ privateKey: alice, uid: ALICE_UID, resource: 'default' })
    const link = new Link({ stream: here, packageVersion: '0', join, onEnd: () => undefined, log })
    const child = conversation.filter(({ from }) => from === 'child')
    let heard = 0

    for (const step of conversation) {
      if (step.from === 'child') {
        heard++
        // An answer and an event may come in either order.
        await until(() => program.arrived.length >= heard, step.name)
      } else {
        program.send(step)
      }
    }

    const expected = child.map(({ wire }) => decode(wire)[0]!)
    const sorted = (frames: Frame[]) => said(frames.map((frame) => ({ ...frame, said: bodyOf(frame) }))).sort()
    assert.deepEqual(sorted(program.arrived), sorted(expected))
    await link.stop()
  })
})
