import assert from 'node:assert/strict'
import { TestMesh } from '../support/mesh.ts'
import { until } from '../support/until.ts'

describe('a block whose certificate ends soon', () => {
  let mesh: TestMesh

  before(async () => {
    mesh = await TestMesh.create()
  })

  after(() => mesh.stop())

  it('says so in its status, with the date, and stays online', async () => {
    const nexus = await mesh.block({ validForMs: 9_000 })
    assert.equal(nexus.status.notices.length, 0)
    const told: string[] = []
    nexus.onStatus(({ notices }) => told.push(...notices.map(({ reason }) => reason)))
    await until(() => nexus.status.notices.length > 0, 'the notice')
    const { state, notices } = nexus.status
    assert.deepEqual([state, notices[0]?.reason, told], ['online', 'EXPIRES_SOON', ['EXPIRES_SOON']])
    assert.match(notices[0]?.message ?? '', /^the certificate ends in \d seconds, on \d{4}-\d\d-\d\dT/)
  })
})
