import assert from 'node:assert/strict'
import { mergeRuns } from '../../bench/merge.ts'
import { fillBlocks } from '../../bench/report/blocks.ts'
import { markdownBlocks } from '../../bench/report/markdown.ts'
import { svgOf } from '../../bench/report/svg.ts'
import { textOf } from '../../bench/report/text.ts'
import { ratioTo } from '../../bench/result.ts'
import { callsRow, kindOf, runOf } from './run.ts'

const NATS = kindOf('nats', [100, 200, 100])
const ROW = callsRow([kindOf('nexus', [200, 200, 300]), NATS], ['xmpp: prosody is missing: apt-get install prosody'])

describe('the report of the bench', () => {
  it('takes ratios round by round', () => {
    assert.deepEqual(ratioTo(ROW, NATS, 'rate'), { value: 2, range: [1, 3] })
  })

  it('has no ratio to nothing', () => {
    const nothing = kindOf('nats', [0])
    assert.equal(ratioTo(callsRow([kindOf('nexus', [1]), nothing]), nothing, 'rate'), undefined)
  })

  it('shows each kind with its ratio, and what installs a missing peer', () => {
    const text = textOf(ROW)
    assert.match(text, /nexus +rate 200 \/s \(200 to 300\)/)
    assert.match(text, /nats .*rate 2 \(1 to 3\) times, p99 1 times/)
    assert.match(text, /apt-get install prosody/)
  })

  it('fills the blocks of a document, and leaves the rest', () => {
    const filled = fillBlocks('before <!-- rows --> old <!-- /rows --> after', {
      rows: markdownBlocks(runOf([ROW])).rows ?? ''
    })
    assert.match(filled, /^before <!-- rows -->\n\n### `calls`: calls/)
    assert.match(filled, /\| NATS \| 100 \(100 to 200\) \| 2 \| 2 \(1 to 3\) \| rate 2 \(1 to 3\), p99 1/)
    assert.match(filled, /<!-- \/rows --> after$/)
    assert.doesNotMatch(filled, /old/)
    assert.throws(() => fillBlocks('', { rows: '' }), /no block/)
  })

  it('says which floors are reached', () => {
    const { floors } = markdownBlocks(runOf([ROW]))
    assert.match(
      floors ?? '',
      /\| `calls`, rate to NATS \| 2 times \(1 to 3\) \| 3 times \| 4 times \| \*\*missed\*\* \|/
    )
  })

  it('draws a bar to the right of 1 where Nexus is ahead, and to the left where it is behind', () => {
    const barOf = (rate: number): number[] => {
      const svg = svgOf([callsRow([kindOf('nexus', [rate]), kindOf('nats', [100])])])
      const [, x, width] = /<rect class="best" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/.exec(svg) ?? []
      const [, one] = /class="one" x1="([\d.]+)"/.exec(svg) ?? []
      return [Number(x) - Number(one), Number(width)]
    }
    const [ahead, behind] = [barOf(200), barOf(50)] as [number[], number[]]
    assert.equal(ahead[0], 0)
    assert.ok(Math.abs((behind[0] ?? 0) + (behind[1] ?? 0)) < 0.2, 'it ends at 1')
    assert.ok(Math.abs((ahead[1] ?? 0) - (behind[1] ?? 0)) < 0.2, 'twice and half are as far from 1')
  })

  it('takes the medians of whole runs for one', () => {
    const other = callsRow([kindOf('nexus', [100]), kindOf('nats', [100])])
    const [row] = mergeRuns([runOf([ROW]), runOf([other]), runOf([other])]).results
    assert.deepEqual(
      row?.kinds[0]?.rounds.map(({ rate }) => rate),
      [200, 100, 100]
    )
  })
})
