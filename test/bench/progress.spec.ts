import assert from 'node:assert/strict'
import { Progress } from '../../bench/progress.ts'

describe('the progress of the bench', () => {
  /** Ten measurements of 2 s, of which five are over and took so long each. */
  const halfWay = (tookSeconds: number): { progress: Progress; lines: string[] } => {
    let now = 0
    const lines: string[] = []
    const say = (line: string): void => void lines.push(line)
    const progress = new Progress({ measurements: 10, seconds: 2, withinSeconds: 40, say, now: () => now })

    for (let index = 0; index < 5; index++) {
      progress.next('calls, nexus', 2)
      now += tookSeconds * 1_000
    }
    return { progress, lines }
  }

  it('says what is measured and how long it still takes', () => {
    assert.deepEqual(halfWay(3).lines.slice(0, 2), ['1 of 10: calls, nexus', '2 of 10, 27 s left: calls, nexus'])
  })

  it('measures as long as was asked for when there is time', () => {
    assert.equal(halfWay(3).progress.secondsOfNext(), 2)
  })

  it('measures for less when else it would take too long', () => {
    // 15 s are left for five, which need 3 s before they measure: no time at all, and half a second at least.
    assert.equal(halfWay(5).progress.secondsOfNext(), 0.5)
    // 17.5 s are left for five, which need 2.5 s.
    assert.equal(halfWay(4.5).progress.secondsOfNext(), 1)
  })
})
