import assert from 'node:assert/strict'
import { layerTimes } from '../../bench/profile/layers.ts'
import type { Profile } from '../../bench/profile/recorder.ts'

/** Nodes as names, files and children; a sample of 1 ms of each but the root. */
function profileOf(nodes: Array<[name: string, url: string, children?: number[]]>): Profile {
  return {
    startTime: 0,
    endTime: 0,
    nodes: nodes.map(([functionName, url, children], id) => ({
      id,
      callFrame: { functionName, url, scriptId: '', lineNumber: 0, columnNumber: 0 },
      ...(children === undefined ? {} : { children })
    })),
    samples: nodes.map((_, id) => id).slice(1),
    timeDeltas: nodes.slice(1).map(() => 1_000)
  }
}

const timesOf = (...nodes: Array<[name: string, url: string, children?: number[]]>): object => {
  const all = profileOf([['(root)', '', nodes.map((_, index) => index + 1)], ...nodes])
  return Object.fromEntries(Object.entries(layerTimes(all)).filter(([, ms]) => ms > 0))
}

describe('the layers of a profile', () => {
  it('are told by files', () => {
    const times = timesOf(
      ['decode', 'file:///nexus/src/protocols/pb/envelope.ts'],
      ['#run', 'file:///nexus/src/protocols/call/api-server.ts'],
      ['write', 'file:///nexus/node_modules/@libp2p/yamux/dist/src/stream.js'],
      ['push', 'file:///nexus/node_modules/@libp2p/gossipsub/dist/src/gossipsub.js'],
      ['(garbage collector)', '']
    )
    assert.deepEqual(times, { frame: 1, muxer: 1, dispatch: 1, gossip: 1, garbage: 1 })
  })

  it('do not count what was idle, nor the profiler', () => {
    assert.deepEqual(timesOf(['(idle)', ''], ['post', 'node:inspector']), {})
  })

  it("give native functions to their caller's layer", () => {
    const all = profileOf([
      ['(root)', '', [1]],
      ['verifyOneShot', 'node:internal/crypto/sig', [2, 3]],
      ['run', ''],
      ['getKeyObjectSlots', 'node:internal/crypto/keys']
    ])
    assert.equal(layerTimes(all).verify, 3)
  })
})
