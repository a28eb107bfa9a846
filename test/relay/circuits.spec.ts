import assert from 'node:assert/strict'
import { TestMesh } from '../support/mesh.ts'
import { until } from '../support/until.ts'

describe("a relay's reservations", function () {
  this.timeout(20_000)
  let mesh: TestMesh

  beforeEach(async () => {
    mesh = await TestMesh.create()
  })

  afterEach(() => mesh.stop())

  it('end with the last connection of the member, and their place is free then', async () => {
    const relay = await mesh.relay({ maxReservations: 1 })
    const join = { bootstrap: relay.addresses, listen: [], reserve: true }
    const first = await mesh.block({}, join)
    await until(() => relay.status().reservations === 1)
    const second = await mesh.block({}, join)
    assert.ok(!second.addresses.some((address) => address.includes('/p2p-circuit')))
    await mesh.drop(first)
    await until(() => second.addresses.some((address) => address.includes('/p2p-circuit')), 'the free place', 15_000)
    assert.equal(relay.status().reservations, 1)
  })
})
