import assert from 'node:assert/strict'
import type { Relay } from '../../relay/relay.ts'
import type { Nexus } from '../../src/types.ts'
import { closeChromium } from '../support/chromium.ts'
import { LOOPBACK_WS, TestMesh } from '../support/mesh.ts'
import { MeshPage, PageSite } from '../support/page-site.ts'
import { until } from '../support/until.ts'

describe('a page whose Content-Security-Policy lets it reach the relay alone', function () {
  this.timeout(60_000)
  let mesh: TestMesh
  let relay: Relay
  let site: PageSite
  let worker: Nexus

  before(async () => {
    mesh = await TestMesh.create()
    relay = await mesh.relay()
    const ws = relay.addresses.find((address) => address.includes('/ws'))!
    site = await PageSite.open(mesh, [ws])
    site.user('carl', { app: 'shop', uid: 'carl', role: 'user', block: 'xwebsite', grants: ['etest'] })
    site.contentSecurityPolicy = `default-src 'self'; connect-src 'self' ws://127.0.0.1:${/tcp\/(\d+)/.exec(ws)?.[1]}`
    worker = await mesh.block({}, { bootstrap: relay.addresses, listen: [LOOPBACK_WS] })
    worker.handle('hello', () => 'hi')
  })

  after(async () => {
    await site?.close()
    await mesh?.stop()
    await closeChromium()
  })

  it('calls through the relay, and tries what is forbidden once', async () => {
    const page = await site.page({ init: () => localStorage.setItem('debug', 'nexus:paths') })
    const complaints: string[] = []
    const tries: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error') {
        complaints.push(message.text())
      } else if (/no better path.*Content-Security-Policy/s.test(message.text())) {
        tries.push(message.text())
      }
    })

    for (const count of [1, 2]) {
      const carl = await MeshPage.join(page, 'carl')
      assert.equal(await carl.run((nexus) => nexus.api({ app: 'etest', cmd: 'hello' })), 'hi')
      await until(() => tries.length === count, 'a try for a better path')
      assert.match(tries.at(-1)!, /the page's Content-Security-Policy does not allow ws:\/\/127\.0\.0\.1:\d+/)
      assert.deepEqual(await carl.paths(worker.identity.peerId), ['relay'])
      await carl.run((nexus) => nexus.stop())
    }

    assert.equal(complaints.length, 1, complaints.join('\n'))
  })
})
