import assert from 'node:assert/strict'
import { LOOPBACK_WS } from '../support/mesh.ts'
import { testNetwork } from '../support/identities.ts'
import { startMember, stopMembers } from '../support/members.ts'
import { until } from '../support/until.ts'

describe('WebSocket', () => {
  afterEach(stopMembers)

  for (const who of ['dialler', 'listener']) {
    it(`ends a connection that the ${who} aborts, at both ends`, async () => {
      const network = await testNetwork()
      const listener = await startMember(network, { listen: [LOOPBACK_WS] })
      const dialler = await startMember(network, { block: { resource: 'dialler' }, listen: [] })
      await dialler.dial(listener)
      const [aborting, other] = who === 'dialler' ? [dialler, listener] : [listener, dialler]
      const [connection] = aborting.core.mesh.libp2p.getConnections()
      assert.ok(connection !== undefined)
      connection.abort(new Error('enough'))
      // Far sooner than the pings of the connection would tell.
      await until(() => other.core.mesh.libp2p.getConnections().length === 0, 'the other end to close', 3_000)
    })
  }
})
