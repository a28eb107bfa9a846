import assert from 'node:assert/strict'
import { memory } from '@libp2p/memory'
import { createBlock } from '../../src/node/create-block.ts'
import { nodePlatform } from '../../src/node/runtime/node.ts'
import type { TestBlock } from '../support/identities.ts'
import { LOOPBACK_TCP, LOOPBACK_WS, TestMesh } from '../support/mesh.ts'
import { until } from '../support/until.ts'
import { type CompliancePair, complianceSuite } from './suite.ts'

const CALLER: TestBlock & { grants: string[] } = {
  app: 'shop',
  uid: 'carl',
  role: 'user',
  block: 'adminpanel',
  grants: ['etest']
}

async function overListener(listen: string): Promise<CompliancePair> {
  const mesh = await TestMesh.create()
  const worker = await mesh.block({}, { listen: [listen] })
  const caller = await mesh.block(CALLER, { listen: [], bootstrap: worker.addresses.slice(0, 1) })
  return { worker, caller, stop: () => mesh.stop() }
}

complianceSuite('TCP', () => overListener(LOOPBACK_TCP))
complianceSuite('WebSocket', () => overListener(LOOPBACK_WS))

complianceSuite('circuit relay', async () => {
  const mesh = await TestMesh.create()
  const relay = await mesh.relay()
  const options = { listen: [], bootstrap: relay.addresses.slice(0, 1), webrtc: false }
  const worker = await mesh.block({}, options)
  const caller = await mesh.block(CALLER, options)
  // Its lease reaches the relay once the relay has given it a reservation.
  await until(async () => (await caller.find({ app: 'etest' })).length === 1)
  return {
    worker,
    caller,
    stop: async () => {
      const paths = caller.peers.filter(({ peer }) => peer.peerId === worker.identity.peerId).map(({ path }) => path)
      assert.deepEqual([...new Set(paths)], ['relay'], 'there was no other path')
      await mesh.stop()
    }
  }
})

complianceSuite('memory', async () => {
  const { network } = await TestMesh.create()
  const platform = { ...nodePlatform, transports: async () => [memory()] }
  const address = `/memory/compliance-${process.pid}`
  const worker = await createBlock(
    { credential: await network.credentialFor({ app: 'etest', role: 'owner' }), listen: [address] },
    platform
  )
  const credential = await network.credentialFor(CALLER)
  const caller = await createBlock({ credential, listen: [], bootstrap: worker.addresses }, platform)
  return {
    worker,
    caller,
    stop: async () => {
      await caller.stop()
      await worker.stop()
    }
  }
})
