import assert from 'node:assert/strict'
import { TestMesh } from '../support/mesh.ts'

const CALLS = 3_000

describe('the calls of a new caller to three workers', function () {
  this.timeout(60_000)

  let mesh: TestMesh
  let bootstrap: string[]

  before(async () => {
    mesh = await TestMesh.create()
    const relay = await mesh.relay()
    bootstrap = relay.addresses.slice(0, 1)

    for (const resource of ['one', 'two', 'three']) {
      const worker = await mesh.block({ resource }, { bootstrap })
      worker.handle('who', () => resource)
    }
  })

  after(() => mesh.stop())

  for (const atATime of [1, 16, CALLS]) {
    it(`are within 25 % of even when ${atATime} are made at a time`, async () => {
      const caller = await mesh.block({ app: 'shop', uid: 'carl', role: 'user', grants: ['etest'] }, { bootstrap })
      const calls = new Map<string, number>()
      let left = CALLS
      const callInTurn = async (): Promise<void> => {
        while (left-- > 0) {
          const worker = await caller.api<string>({ app: 'etest', cmd: 'who' })
          calls.set(worker, (calls.get(worker) ?? 0) + 1)
        }
      }
      await Promise.all(Array.from({ length: atATime }, callInTurn))
      assert.equal(calls.size, 3)

      for (const [worker, count] of calls) {
        assert.ok(Math.abs(count - CALLS / 3) <= CALLS / 3 / 4, `${count} of ${worker}`)
      }
    })
  }
})
