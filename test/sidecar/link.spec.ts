import assert from 'node:assert/strict'
import { streamPair } from '@libp2p/utils'
import { decodeBody, encodeBody } from '../../src/protocols/body/body.ts'
import { EventQueue } from '../../src/sidecar/event-queue.ts'
import { LINK_VERSION, Link } from '../../src/sidecar/link.ts'
import type { Identity, Json, Nexus, SubscribeOptions } from '../../src/types.ts'
import { log } from '../support/calls.ts'
import { sessionEnd } from '../support/session-pair.ts'
import { until } from '../support/until.ts'

const FROM = { jid: 'etest-anna-owner@test.nexus.example/default', peerId: 'p' } as Identity

describe('link of the sidecar', () => {
  it('tells the program of messages that were missed', async () => {
    const [outbound, inbound] = await streamPair()
    const program = sessionEnd(outbound, true)
    let options: SubscribeOptions | undefined
    const nexus = {
      identity: FROM,
      addresses: [],
      status: { state: 'online', message: '', notices: [], since: 0 },
      onStatus: () => () => undefined,
      subscribe: async (_channel: string, _handler: unknown, given: SubscribeOptions) => {
        options = given
        return { reach: 'relay' }
      },
      stop: async () => undefined
    } as unknown as Nexus
    const link = new Link({
      stream: inbound,
      packageVersion: '0',
      join: async () => nexus,
      onEnd: () => undefined,
      log
    })
    const ask = async (cmd: string, body: Json): Promise<unknown> => {
      const { type, bytes } = encodeBody(body, 1_000)
      const answer = await program.session.request({ cmd, type, body: bytes, timeoutMs: 5_000 })
      return decodeBody(answer.type, answer.body)
    }
    await ask('hello', { version: LINK_VERSION, options: {} })
    assert.deepEqual(await ask('subscribe', { channel: 'news' }), { reach: 'relay' })
    options?.onGap?.({ channel: 'news', from: FROM, missed: 7 })
    await until(() => program.directs.length === 1, 'the event')
    const [event] = program.directs.map(({ type, body }) => decodeBody(type, body))
    assert.deepEqual(event, { event: 'gap', channel: 'news', from: { ...FROM }, missed: 7 })
    await link.stop()
  })

  it('counts the messages of a gap that there was no room to tell', async () => {
    const told: Array<Record<string, unknown>> = []
    const acknowledge: Array<() => void> = []
    const queue = new EventQueue({
      session: {
        direct: ({ type, body }) => {
          told.push(decodeBody(type, body) as Record<string, unknown>)
          return new Promise((resolve) => acknowledge.push(resolve))
        }
      },
      bodyLimitBytes: 1_000
    })

    for (let count = 0; count < 4_096; count++) {
      queue.push({ event: 'direct' })
    }
    queue.push({ event: 'gap', channel: 'news', missed: 7 }, 7)
    queue.push({ event: 'channel', channel: 'news' })
    acknowledge.forEach((done) => void done())
    await until(() => told.length === 4_097, 'what was dropped')
    assert.deepEqual(told.at(-1), { event: 'dropped', channel: 'news', count: 8 })
  })
})
