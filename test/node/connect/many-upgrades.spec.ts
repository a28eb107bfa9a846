import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import type { Connection } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { pathOf } from '../../../src/node/libp2p/addresses.ts'
import { startMember, stopMembers, type TestMember } from '../../support/members.ts'
import { TestMesh } from '../../support/mesh.ts'
import { until } from '../../support/until.ts'

/** Where Linux lists those of this process. */
const THREADS = '/proc/self/task'
const UPGRADES = 100
/** Pings find out what the native library did not tell. */
const END_MS = 30_000
/** After so many, all that is made once is there. */
const WARM_UP = 5

describe('many upgrades to WebRTC between two members, one after the other', function () {
  // Each takes some 100 ms, and one that fails 3 s.
  this.timeout(300_000)
  let mesh: TestMesh
  let left: TestMember
  let right: TestMember
  let address: Multiaddr

  before(async () => {
    mesh = await TestMesh.create()
    const [relay = ''] = (await mesh.relay({ stunPort: 0 })).addresses
    const member = (): Promise<TestMember> =>
      startMember(mesh.network, { webrtc: true, listen: [`${relay}/p2p-circuit`] })
    ;[left, right] = await Promise.all([member(), member()])
    await until(() => right.addresses().length > 0, 'the reservation')
    const circuit = `${relay}/p2p-circuit`
    await left.parts.node.libp2p.dial(multiaddr(`${circuit}/p2p/${right.peerId}`))
    address = multiaddr(`${circuit}/webrtc/p2p/${right.peerId}`)
  })

  after(async () => {
    await stopMembers()
    await mesh.stop()
  })

  const connectionsOf = (one: TestMember, other: TestMember): Connection[] =>
    one.parts.node.libp2p.getConnections().filter(({ remotePeer }) => remotePeer.toString() === other.peerId)
  const pathsOf = (one: TestMember, other: TestMember): string[] => connectionsOf(one, other).map(pathOf).sort()

  it('leave no connection, stream, timer or thread, and none is listed that carries nothing', async () => {
    /** Gives whether it succeeded: the native library gives up one in some ten at once, which leaves nothing either. */
    const upgrade = async (): Promise<boolean> => {
      const connection = await left.parts.dialer.upgrade(right.peerId, address).catch(() => undefined)

      if (connection !== undefined) {
        assert.deepEqual(pathsOf(left, right), ['relay', 'webrtc'])
        await connection.close().catch((error) => connection.abort(error))
      }

      const isOver = (): boolean => pathsOf(right, left).length === 1 && pathsOf(left, right).length === 1
      await until(isOver, 'its end at both sides', END_MS)
      return connection !== undefined
    }
    const held = (): Record<string, number> => ({
      streams: [...connectionsOf(left, right), ...connectionsOf(right, left)].flatMap(({ streams }) => streams).length,
      timers: process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length,
      threads: existsSync(THREADS) ? readdirSync(THREADS).length : 0
    })

    for (let done = 0; done < WARM_UP; done++) {
      await upgrade()
    }

    const before = held()
    let succeeded = 0

    for (let done = 0; done < UPGRADES; done++) {
      succeeded += (await upgrade()) ? 1 : 0
    }

    console.log(`      ${succeeded} of ${UPGRADES} succeeded`)
    assert.ok(succeeded > UPGRADES / 2, `${succeeded} succeeded`)
    assert.deepEqual([pathsOf(left, right), pathsOf(right, left)], [['relay'], ['relay']])
    // Time-outs of what has ended go on to their end, seconds later.
    const isBack = (): boolean => Object.entries(held()).every(([name, count]) => count <= before[name]!)
    await until(isBack, () => `${JSON.stringify(held())} to be back at ${JSON.stringify(before)}`, 30_000)
  })
})
