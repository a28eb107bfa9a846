import assert from 'node:assert/strict'
import { peerIdOf } from '../../../src/identity/keys.ts'
import { readLeases, readTopicAnswer } from '../../../src/protocols/system/command-bodies.ts'
import type { Json } from '../../../src/types.ts'
import { alice, bob } from '../../support/identities.ts'

const [aliceId, bobId] = [peerIdOf(alice), peerIdOf(bob)]

describe('the answer to $leases', () => {
  it('holds pairs of texts, whatever texts come after them, and nothing else', () => {
    const leases: Json[] = [
      ['a', 'b'],
      ['c', 'd', 'later'],
      [],
      ['a'],
      ['a', 1],
      ['a', 'b', 1],
      'ab',
      null,
      { 0: 'a', 1: 'b' }
    ]
    assert.deepEqual(readLeases({ leases }).leases, [
      { lease: 'a', certificate: 'b' },
      { lease: 'c', certificate: 'd' }
    ])
  })

  it('says what is left of the time of each, if it is a number, and where the next answer begins', () => {
    const leases = [
      ['a', 'b', '1500', 'later'],
      ['c', 'd', '-1']
    ]
    assert.deepEqual(readLeases({ leases, next: 'c' }), {
      leases: [
        { lease: 'a', certificate: 'b', leftMs: 1_500 },
        { lease: 'c', certificate: 'd' }
      ],
      next: 'c'
    })
    assert.equal(readLeases({ leases, next: 7 }).next, undefined)
  })

  it('is `INVALID` without a list', () => {
    const answers: Json[] = [null, 'garbage', [], {}, { leases: { length: 1 } }]

    for (const answer of answers) {
      assert.throws(() => readLeases(answer), { code: 'INVALID' })
    }
  })

  it('has 1,000 pairs at most', () => {
    assert.equal(readLeases({ leases: Array(1_001).fill(['a', 'b']) }).leases.length, 1_000)
  })
})

describe('the answer to $topic', () => {
  it('names peers by their peer ids, and nobody by anything else', () => {
    const garbage: Json[] = ['garbage', '', 7, null, {}, `${aliceId}a`, 'x'.repeat(52), ` ${aliceId}`]
    const { peers } = readTopicAnswer({ known: true, peers: [aliceId, ...garbage.slice(0, 6), bobId] })
    assert.deepEqual(peers, [aliceId, bobId])
    assert.deepEqual(readTopicAnswer({ peers: garbage }).peers, [])
  })

  it('names 8 at most', () => {
    assert.equal(readTopicAnswer({ peers: Array(100).fill(aliceId) }).peers.length, 8)
  })

  it('counts all subscribers as clients when it does not tell the relays among them', () => {
    assert.equal(readTopicAnswer({ subscribers: 3, clients: 1 }).clients, 1)
    assert.equal(readTopicAnswer({ subscribers: 3 }).clients, 3)
  })

  it('reads as no when it is something else', () => {
    for (const answer of [null, 1, 'yes', [], { known: 1, forwards: 'true', subscribers: '5', peers: 'garbage' }]) {
      const no = { known: false, forwards: false, subscribers: 0, clients: 0, peers: [] }
      assert.deepEqual(readTopicAnswer(answer), no)
    }
  })
})
