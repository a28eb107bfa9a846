import assert from 'node:assert/strict'
import { closeChromium } from '../support/chromium.ts'
import { LOOPBACK_TCP, LOOPBACK_WSS, TestMesh } from '../support/mesh.ts'
import { PageSite } from '../support/page-site.ts'
import { removeTemporaryDirectories } from '../support/temporary-directory.ts'
import { TlsAuthority } from '../support/tls-authority.ts'
import { until } from '../support/until.ts'

describe("a page at a relay's own TLS", function () {
  this.timeout(60_000)
  let mesh: TestMesh
  let site: PageSite | undefined

  before(async () => {
    mesh = await TestMesh.create()
  })

  after(async () => {
    await site?.close()
    await mesh.stop()
    await closeChromium()
    await removeTemporaryDirectories()
  })

  it('calls a worker by wss, and goes on while the certificate is renewed', async () => {
    const authority = await TlsAuthority.create()
    const { certFile, keyFile } = await authority.write()
    const events: string[] = []
    const relay = await mesh.relay({
      listen: [LOOPBACK_TCP, LOOPBACK_WSS],
      tls: { certFile, keyFile },
      onEvent: ({ event }) => events.push(event)
    })
    const [plain = '', secure = ''] = relay.addresses
    const worker = await mesh.block({}, { listen: [], bootstrap: [plain] })
    worker.handle('echo', ({ body }) => body)
    site = await PageSite.open(mesh, [secure])
    site.user('carl', { app: 'shop', uid: 'carl', role: 'user', block: 'xwebsite', grants: ['etest'] })
    const page = await site.join('carl', { context: { ignoreHTTPSErrors: true }, join: { webrtc: false } })
    const call = () => page.run((nexus) => nexus.api({ app: 'etest', cmd: 'echo', body: 1 }))
    assert.equal(await call(), 1)
    const [path] = await page.run((nexus) => nexus.peers.filter(({ peer }) => peer.block === 'relay'))
    assert.match(path?.address ?? '', /\/tls\/ws/)
    await authority.write({ certFile, keyFile })
    await until(() => events.includes('tls-renewed'), 'the renewal')
    assert.equal(await call(), 1)
    const second = await site.join('carl', { context: { ignoreHTTPSErrors: true }, join: { webrtc: false } })
    assert.equal(await second.run((nexus) => nexus.api({ app: 'etest', cmd: 'echo', body: 2 })), 2)
    assert.ok(!events.includes('disconnected'))
  })
})
