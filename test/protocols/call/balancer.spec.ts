import assert from 'node:assert/strict'
import { Balancer } from '../../../src/protocols/call/balancer.ts'

const [a, b, c] = ['a', 'b', 'c'].map((peerId) => ({ peerId })) as [W, W, W]
type W = { peerId: string }

/** A balancer whose random numbers are these, over and over. */
function balancerOf(...numbers: number[]): { balancer: Balancer; advance: (ms: number) => void } {
  let now = 0
  let index = 0
  return {
    balancer: new Balancer({ now: () => now, random: () => numbers[index++ % numbers.length] as number }),
    advance: (ms) => {
      now += ms
    }
  }
}

describe('balancer', () => {
  it('picks nobody of nobody, and the only one without a choice', () => {
    const { balancer } = balancerOf(0.5)
    assert.equal(balancer.pick([]), undefined)
    assert.equal(balancer.pick([a]), a)
  })

  it('takes, of two at random, the one with fewer calls in flight', () => {
    const { balancer } = balancerOf(0, 0)
    balancer.started('a')
    assert.equal(balancer.pick([a, b, c]), b)
    balancer.started('b')
    balancer.started('b')
    // c has none, but is not one of the two.
    assert.equal(balancer.pick([a, b, c]), a)
  })

  it('prefers, of two with as many in flight, the one that is less busy by its own word, four times in five at most', () => {
    const shares = ([load, others]: [number, number]): number => {
      let index = 0
      const random = (): number => (index++ % 3 < 2 ? 0 : (Math.floor(index / 3) % 100) / 100)
      const balancer = new Balancer({ now: () => 0, random, loadOf: (peerId) => (peerId === 'a' ? load : others) })
      return Array.from({ length: 100 }, () => balancer.pick([a, b])).filter((one) => one === a).length
    }
    assert.deepEqual(
      (
        [
          [1, 0],
          [0, 1],
          [2, 3],
          [900, 0],
          [0, 900]
        ] as Array<[number, number]>
      ).map(shares),
      [34, 67, 58, 20, 80]
    )
  })

  it('goes by calls in flight first, whatever a worker says', () => {
    const { balancer } = balancerOf(0, 0)
    const busy = new Balancer({ now: () => 0, random: () => 0, loadOf: (peerId) => (peerId === 'b' ? 900 : 0) })
    busy.started('a')
    assert.equal(busy.pick([a, b, c]), b)
    assert.equal(balancer.pick([a, b, c]), a)
  })

  it('never compares a worker with itself, and can pick each', () => {
    const picked = new Set<string>()

    for (const first of [0, 0.34, 0.67, 0.999]) {
      for (const step of [0, 0.5, 0.999]) {
        const { balancer } = balancerOf(first, step)
        const worker = balancer.pick([a, b, c]) as W
        balancer.started(worker.peerId)
        assert.notEqual(balancer.pick([a, b, c]), worker)
        picked.add(worker.peerId)
      }
    }

    assert.deepEqual([...picked].sort(), ['a', 'b', 'c'])
  })

  it('counts calls in flight and forgets those that ended', () => {
    const { balancer } = balancerOf(0)
    balancer.started('a')
    balancer.started('a')
    balancer.finished('a')
    assert.equal(balancer.inFlight('a'), 1)
    balancer.finished('a')
    balancer.finished('a')
    assert.equal(balancer.inFlight('a'), 0)
  })

  it('passes over a penalised worker for about a second', () => {
    const { balancer, advance } = balancerOf(0)
    balancer.penalise('a')
    assert.equal(balancer.pick([a, b]), b)
    advance(749)
    assert.deepEqual([balancer.pick([a, b]), balancer.isPassedOver('a')], [b, true])
    advance(1)
    assert.deepEqual([balancer.pick([a, b]), balancer.isPassedOver('a'), balancer.hasFailed('a')], [a, false, true])
  })

  it('passes it over for twice as long each time, up to half a minute, until it has answered', () => {
    const { balancer, advance } = balancerOf(0)
    const penaltyMs = (): number => {
      let ms = 0
      balancer.penalise('a')
      for (; balancer.isPassedOver('a'); ms += 250) {
        advance(250)
      }
      return ms
    }
    assert.deepEqual(Array.from({ length: 7 }, penaltyMs), [750, 1_500, 3_000, 6_000, 12_000, 22_500, 22_500])
    balancer.succeeded('a')
    assert.equal(balancer.hasFailed('a'), false)
    assert.equal(penaltyMs(), 750)
  })

  it('picks a penalised worker when there is no other', () => {
    const { balancer } = balancerOf(0)
    balancer.penalise('a')
    balancer.penalise('b')
    assert.equal(balancer.pick([a, b]), a)
  })

  it('spreads calls evenly over equal workers', () => {
    const balancer = new Balancer({ now: () => 0, random: Math.random })
    const workers = Array.from({ length: 10 }, (_, index) => ({ peerId: `worker ${index}` }))

    for (let call = 0; call < 1_000; call++) {
      balancer.started((balancer.pick(workers) as W).peerId)
    }

    // With one choice instead of two the spread would be some 30.
    const counts = workers.map(({ peerId }) => balancer.inFlight(peerId))
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 15, String(counts))
  })
})
