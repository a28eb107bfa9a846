import assert from 'node:assert/strict'
import { closeChromium } from '../support/chromium.ts'
import { TestMesh } from '../support/mesh.ts'
import { PageSite } from '../support/page-site.ts'
import { StunServer } from '../support/stun-server.ts'
import { until } from '../support/until.ts'

const DIRECT_PATH_MS = 30_000

describe('STUN servers that are given', function () {
  this.timeout(60_000)
  let mesh: TestMesh
  let site: PageSite
  let stun: StunServer
  let bootstrap: string[]

  beforeEach(async () => {
    mesh = await TestMesh.create()
    bootstrap = (await mesh.relay()).addresses
    site = await PageSite.open(mesh, [bootstrap.find((address) => address.includes('/ws'))!])
    stun = await StunServer.start()
    site.user('carl', { app: 'shop', uid: 'carl', role: 'user', block: 'xwebsite', grants: ['etest'] })
    site.user('dora', { app: 'shop', uid: 'dora', role: 'user', block: 'xwebsite', grants: ['etest'] })
  })

  afterEach(async () => {
    await site.close()
    await mesh.stop()
    await stun.stop()
  })

  after(closeChromium)

  it('are asked by a page on its way to another', async () => {
    const join = { iceServers: [{ urls: stun.url }] }
    const [carl, dora] = await Promise.all([site.join('carl', { join }), site.join('dora')])
    for (const page of [carl, dora]) {
      await page.run((nexus) => nexus.subscribe('talk', () => undefined).then(({ reach }) => reach))
    }
    const isDirect = async () => (await carl.paths(dora.identity.peerId)).includes('webrtc')
    await until(isDirect, 'the direct path', DIRECT_PATH_MS)
    assert.ok(stun.requests > 0)
  })

  it('are those that a Node block asks when it is dialled by WebRTC-Direct, and no others', async () => {
    const listen = ['/ip4/127.0.0.1/udp/0/webrtc-direct']
    const iceServers = [{ urls: stun.url }]
    const worker = await mesh.block({ resource: 'w' }, { bootstrap, listen, webrtc: true, iceServers })
    worker.handle('echo', ({ body }) => body)
    const page = await site.join('carl')
    assert.equal(await page.run((nexus) => nexus.api({ app: 'etest', cmd: 'echo', body: 1 })), 1)
    const isDirect = async () => (await page.paths(worker.identity.peerId)).includes('webrtc')
    await until(isDirect, 'the direct path', DIRECT_PATH_MS)
    await until(() => stun.requests > 0, 'a question')
  })
})
