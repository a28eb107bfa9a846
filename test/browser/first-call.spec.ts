import assert from 'node:assert/strict'
import type { Relay } from '../../relay/relay.ts'
import type { Nexus } from '../../src/types.ts'
import { closeChromium } from '../support/chromium.ts'
import { LOOPBACK_TCP, TestMesh } from '../support/mesh.ts'
import { MeshPage, PageSite } from '../support/page-site.ts'

const MAX_MS = 500
const MAX_PAGES = 10

describe('the first call of a page', function () {
  this.timeout(60_000)
  let mesh: TestMesh
  let site: PageSite
  let worker: Nexus

  before(async () => {
    mesh = await TestMesh.create()
    const relay: Relay = await mesh.relay()
    site = await PageSite.open(
      mesh,
      relay.addresses.filter((address) => address.includes('/ws'))
    )
    site.user('carl', { app: 'shop', uid: 'carl', role: 'user', block: 'xwebsite', grants: ['etest'] })
    worker = await mesh.block({}, { bootstrap: relay.addresses, listen: [LOOPBACK_TCP] })
    worker.handle('hello', () => 'hi')
  })

  after(async () => {
    await site?.close()
    await mesh?.stop()
    await closeChromium()
  })

  // How busy the machine is decides over a single one: it is enough that one of them takes no longer.
  it(`is answered within ${MAX_MS} ms of joinMesh`, async () => {
    const times: number[] = []

    while (times.length < MAX_PAGES && Math.min(...times) > MAX_MS) {
      const page = await site.page()
      const { joinedMs, answeredMs } = await MeshPage.timedCall(page, 'carl')
      console.log(`      joined after ${joinedMs} ms, answered after ${answeredMs} ms`)
      times.push(answeredMs)
      await page.close()
    }

    assert.ok(Math.min(...times) <= MAX_MS, `${times.join(', ')} ms`)
  })
})
