import assert from 'node:assert/strict'
import { CallTurns } from '../../../src/protocols/call/call-turns.ts'
import type { ReceivedDirect, ReceivedRequest } from '../../../src/protocols/session/received-call.ts'
import type { SessionRouter } from '../../../src/protocols/session/session-router.ts'
import type { PeerSession } from '../../../src/protocols/session/session-table.ts'
import { until } from '../../support/until.ts'

const BUSY_MS = 0.2
const FLOOD = 500

describe('calls that arrive', () => {
  let begun: string[]
  let failed: string[]
  let turns: CallTurns

  /** Each handler takes some time of the event loop. */
  const begin = (name: string): void => {
    begun.push(name)
    const end = performance.now() + BUSY_MS

    while (performance.now() < end) {}
  }
  const router: SessionRouter = {
    onRequest: ({ cmd }) => begin(cmd),
    onDirect: async ({ body }) => {
      begin(`direct ${body.byteLength}`)

      if (body.byteLength === 0) {
        throw new TypeError('no body')
      }
    },
    onGrant: () => undefined
  }
  const from = (uid: string, peerId = uid): PeerSession => ({ peer: { uid, peerId } }) as unknown as PeerSession
  const request = (cmd: string, signal = new AbortController().signal): ReceivedRequest =>
    ({ cmd, signal, fail: (code: string) => failed.push(`${cmd} ${code}`) }) as unknown as ReceivedRequest
  const direct = (bytes: number): ReceivedDirect => ({ type: 0, body: new Uint8Array(bytes) })

  const flood = (count = FLOOD): void => {
    for (let index = 0; index < count; index++) {
      turns.onRequest(request(`flood${index}`), from('mallory', `key${index % 10}`))
    }
  }

  beforeEach(() => {
    begun = []
    failed = []
    turns = new CallTurns(router)
    // Both are known to have called.
    turns.onRequest(request('first'), from('anna'))
    turns.onRequest(request('first'), from('mallory', 'key0'))
    begun.length = 0
  })

  it('are begun at once while there is time', () => {
    turns.onRequest(request('one'), from('anna'))
    assert.deepEqual(begun, ['one'])
  })

  it('are begun in turns by user: one does not wait for the hundreds of another', async () => {
    flood()
    turns.onRequest(request('ours'), from('anna'))
    await until(() => begun.length === FLOOD + 1)
    assert.ok(begun.indexOf('ours') < 50, `there were ${begun.indexOf('ours')} before it`)
  })

  it('are begun in turns if they are directs', async () => {
    flood()
    await turns.onDirect(direct(3), from('anna'))
    assert.ok(begun.length < 100, `there were ${begun.length} before it`)
    await assert.rejects(turns.onDirect(direct(0), from('anna')), /no body/)
    await until(() => begun.length === FLOOD + 2)
  })

  it('let the event loop have its turn between', async () => {
    flood()
    await new Promise((resolve) => setTimeout(resolve, 1))
    assert.ok(begun.length < FLOOD / 2, `${begun.length} were begun before a timer of 1 ms`)
    await until(() => begun.length === FLOOD)
  })

  it('are begun at the pace of a share while another user calls', async () => {
    const quick = new CallTurns({ ...router, onRequest: ({ cmd }) => begun.push(cmd) })
    const ours = setInterval(() => quick.onRequest(request('ours'), from('anna')), 50)
    const count = 30_000
    const began = performance.now()

    for (let index = 0; index < count; index++) {
      quick.onRequest(request('flood'), from('mallory'))

      if (index === 0) {
        quick.onRequest(request('ours'), from('anna'))
      }
    }
    await until(() => begun.length > count / 2)
    const tookMs = performance.now() - began
    clearInterval(ours)
    assert.ok(tookMs > 300, `the half of ${count} took ${tookMs} ms`)
    await until(() => begun.filter((cmd) => cmd === 'flood').length === count)
  })

  it('are not begun when their caller has given up meanwhile', async () => {
    const caller = new AbortController()
    flood(50)
    turns.onRequest(request('ours', caller.signal), from('anna'))
    caller.abort()
    await until(() => failed.length === 1 && begun.length === 50)
    assert.deepEqual(failed, ['ours CANCELLED'])
  })
})
