import assert from 'node:assert/strict'
import { jsonLines, node } from '../support/nexus-program.ts'
import type { AttackReport } from './support/attack-mesh.ts'

const PROGRAM = new URL('./main.ts', import.meta.url).pathname

describe('npm run attacks', function () {
  this.timeout(120_000)

  it('measures honest clients without and beside an attack, and none of what they send is lost', async () => {
    const { code, stdout, stderr } = await node([PROGRAM, '--seconds', '2', '--json', 'graft-prune'])
    assert.equal(code, 0, stderr)
    const [[report]] = jsonLines(stdout) as [AttackReport[]]
    assert.ok(report !== undefined)
    assert.equal(report.name, 'graft-prune')
    assert.match(report.progress, /MB, cut off \d+ times/)
    assert.ok(report.relay.before > 0 && report.relay.most >= report.relay.before)

    for (const { calls, messages } of [report.without, report.beside]) {
      assert.ok(calls.count >= 50 && calls.p50 > 0 && calls.p99 >= calls.p50, JSON.stringify(calls))
      assert.ok(messages.count >= 250 && messages.p50 > 0, JSON.stringify(messages))
      assert.deepEqual([calls.lost, messages.lost], [0, 0])
    }
  })

  it('names the attacks that there are', async () => {
    const { code, stderr } = await node([PROGRAM, 'nonsense'])
    assert.equal(code, 2)
    assert.match(stderr, /no such attack: nonsense/)
    assert.match(stderr, /topic-churn/)
  })
})
