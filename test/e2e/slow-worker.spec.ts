import assert from 'node:assert/strict'
import type { Nexus } from '../../src/types.ts'
import { TestMesh } from '../support/mesh.ts'
import { until } from '../support/until.ts'

const CALLS = 300
const AT_A_TIME = 20

describe('one slow worker beside two quick ones', function () {
  this.timeout(60_000)

  let mesh: TestMesh
  let slow: Nexus
  let caller: Nexus
  /** How many calls each worker began, by its peer id. */
  let begun: Map<string, number>
  /** Answers the calls that the slow worker holds. */
  let release: () => void

  beforeEach(async () => {
    mesh = await TestMesh.create()
    const relay = await mesh.relay()
    const bootstrap = relay.addresses.slice(0, 1)
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    begun = new Map()
    slow = await mesh.block({}, { bootstrap })
    const quick = [await mesh.block({}, { bootstrap }), await mesh.block({}, { bootstrap })]

    for (const worker of [slow, ...quick]) {
      const { peerId } = worker.identity
      begun.set(peerId, 0)
      worker.handle('work', async () => {
        begun.set(peerId, begun.get(peerId)! + 1)
        await (worker === slow ? released : undefined)
        return peerId
      })
    }
    caller = await mesh.block({ app: 'shop', uid: 'carl', role: 'user', grants: ['etest'] }, { bootstrap })
    await until(async () => (await caller.find({ app: 'etest' })).length === 3, 'all are listed')
  })

  afterEach(async () => {
    release()
    await mesh.stop()
  })

  it('holds up no call of theirs, and gets less', async () => {
    const answers: string[] = []
    let left = CALLS
    const callInTurn = async (): Promise<void> => {
      while (left-- > 0) {
        answers.push(await caller.api<string>({ app: 'etest', cmd: 'work' }))
      }
    }
    const callers = Promise.all(Array.from({ length: AT_A_TIME }, callInTurn))
    const ofSlow = (): number => begun.get(slow.identity.peerId)!
    await until(
      () => answers.length + ofSlow() === CALLS,
      'all calls but those that the slow worker holds are answered'
    )
    assert.ok(ofSlow() > 0, 'it had a share')
    assert.ok(answers.every((peerId) => peerId !== slow.identity.peerId))
    assert.equal(
      await caller.api({ app: 'etest', cmd: 'ping', peer: slow.identity.peerId }),
      'pong',
      'a quick command of the slow worker itself waits for none of its slow ones'
    )
    // What is in flight decides, so it never has more than the share of one of those that are called at a time.
    for (const [peerId, count] of begun) {
      assert.ok(
        peerId === slow.identity.peerId || ofSlow() < count / 2,
        `${ofSlow()} of the slow, ${count} of a quick one`
      )
    }
    release()
    await callers
    assert.equal(answers.length, CALLS)
  })
})
