import assert from 'node:assert/strict'
import type { RelayEvent } from '../../relay/relay.ts'
import { ProcessMesh } from '../support/process-mesh.ts'
import { until } from '../support/until.ts'

const MINUTE_MS = 60_000

describe('a wrong clock', () => {
  let mesh: ProcessMesh
  const events: RelayEvent[] = []

  before(async () => {
    // Certificates two hours old.
    const clock = (): number => Date.now() - 120 * MINUTE_MS
    mesh = await ProcessMesh.create({ onEvent: (event) => void events.push(event) }, { clock })
  })

  after(() => mesh.stop())

  const told = (peer: string): number | undefined =>
    events.flatMap((event) => (event.event === 'wrong-clock' && event.peer === peer ? event.aheadMs : []))[0]

  const of = (ms: number) => mesh.block({ block: 'xwebsite' }, { listen: [] }, ms)

  for (const ms of [10 * MINUTE_MS, -10 * MINUTE_MS]) {
    it(`that is ${ms} ms off is told by the status, and by the relay`, async () => {
      const block = await of(ms)
      const { state, reason, message, notices } = await block.run('status')
      assert.deepEqual([state, reason], ['degraded', 'WRONG_CLOCK'])
      const seconds = Number(/ (\d+) s (ahead of|behind) its relays/.exec(message)?.[1])
      assert.ok(Math.abs(seconds - 600) <= 1, message)
      assert.match(message, ms > 0 ? / ahead of its relays/ : / behind its relays/)
      assert.deepEqual(
        notices.map((notice) => [notice.reason, notice.message]),
        [['WRONG_CLOCK', message]]
      )
      assert.ok(Math.abs((notices[0]?.aheadMs ?? 0) - ms) <= 1_000)
      await until(() => told(block.peerId) !== undefined, "the relay's log")
      assert.ok(Math.abs((told(block.peerId) ?? 0) - ms) <= 1_000)
    })
  }

  it('that was set right is told no more', async () => {
    const block = await of(10 * MINUTE_MS)
    await block.run('setClock', 0)
    await until(async () => (await block.run('status')).state === 'online', 'the relay to be asked after again')
    assert.deepEqual((await block.run('status')).notices, [])
  })

  it('that is half a minute off is a notice, and one that is right is none', async () => {
    const [off, right] = await Promise.all([of(40_000), of(0)])
    const { state, notices } = await off.run('status')
    assert.deepEqual([state, notices.map(({ reason }) => reason)], ['online', ['WRONG_CLOCK']])
    const well = await right.run('status')
    assert.deepEqual([well.state, well.notices], ['online', []])
    assert.equal(told(right.peerId), undefined)
  })
})
