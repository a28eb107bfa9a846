import assert from 'node:assert/strict'
import type { Nexus } from '../../src/types.ts'
import { closeChromium } from '../support/chromium.ts'
import { freePort } from '../support/free-port.ts'
import { LOOPBACK_TCP, TestMesh } from '../support/mesh.ts'
import { Nginx } from '../support/nginx.ts'
import { PageSite } from '../support/page-site.ts'
import { BlockProcess } from '../support/process.ts'
import { removeTemporaryDirectories } from '../support/temporary-directory.ts'
import { TlsAuthority } from '../support/tls-authority.ts'
import { until } from '../support/until.ts'

describe('a relay at a path behind nginx', function () {
  this.timeout(60_000)
  let mesh: TestMesh
  let site: PageSite
  let nginx: Nginx
  let worker: BlockProcess
  /** The relay's addresses: the one behind nginx alone, and the one by which nobody comes but who is told. */
  let announced: string[]
  let plain: string
  let peerId: string
  let caFile: string

  /** A block that trusts nginx, and is reached through relays alone. */
  async function startBlock(resource: string, bootstrap: string[]): Promise<{ block: BlockProcess; peerId: string }> {
    const block = new BlockProcess({ env: { NODE_EXTRA_CA_CERTS: caFile } })
    const terms = { app: 'etest', uid: 'anna', role: 'owner', block: 'worker', resource } as const
    const credential = await mesh.network.credentialFor(terms)
    const { peerId } = await block.run('start', { credential, bootstrap, listen: [] })
    return { block, peerId }
  }

  before(async function () {
    if (!Nginx.isInstalled) {
      console.log('      skipped: there is no nginx (Debian: apt-get install nginx-light)')
      this.skip()
    }

    mesh = await TestMesh.create()
    const authority = await TlsAuthority.create()
    const [port, relayPort, tcpPort] = [await freePort(), await freePort(), await freePort()]
    nginx = await Nginx.start({ port, relayPort, ...(await authority.write()) })
    const relay = await mesh.relay({
      listen: [`/ip4/127.0.0.1/tcp/${relayPort}/ws`, `/ip4/127.0.0.1/tcp/${tcpPort}`],
      announce: [`/dns4/localhost/tcp/${port}/tls/ws/http-path/nexus`]
    })
    announced = relay.addresses
    plain = `/ip4/127.0.0.1/tcp/${tcpPort}/p2p/${relay.identity.peerId}`
    site = await PageSite.open(mesh, announced)
    site.user('carl', { app: 'shop', uid: 'carl', role: 'user', block: 'xwebsite', grants: ['etest'] })
    caFile = authority.file
    ;({ block: worker, peerId } = await startBlock('w', announced))
    await worker.run('serve')
  })

  after(async () => {
    await site?.close()
    await worker?.stop()
    await mesh?.stop()
    await nginx?.stop()
    await closeChromium()
    await removeTemporaryDirectories()
  })

  const circuitOf = (nexus: Nexus): string | undefined =>
    nexus.addresses.find((address) => address.includes('/http-path/nexus/') && address.includes('/p2p-circuit'))

  it('announces its address with the path', () => {
    assert.equal(announced.length, 1)
    assert.match(`${announced}`, /^\/dns4\/localhost\/tcp\/\d+\/tls\/ws\/http-path\/nexus\/p2p\/12D/)
  })

  it('is a way to a worker for a page, by a circuit whose address has the path', async () => {
    const page = await site.join('carl', { context: { ignoreHTTPSErrors: true }, join: { webrtc: false } })
    assert.equal(await page.run((nexus) => nexus.api({ app: 'etest', cmd: 'echo', body: 1 })), 1)
    const [toRelay] = await page.run((nexus) => nexus.peers.filter(({ peer }) => peer.block === 'relay'))
    assert.match(toRelay?.address ?? '', /\/tls\/ws\/http-path\/nexus/)
    assert.deepEqual(await page.paths(peerId), ['relay'])
  })

  it('lets a page and a worker that is not told of the path call each other', async () => {
    const other = await mesh.block({ resource: 'other' }, { bootstrap: [plain], listen: [LOOPBACK_TCP] })
    other.handle('echo', ({ body }) => body)
    await until(() => circuitOf(other) !== undefined, 'a circuit address with the path')
    const page = await site.join('carl', { context: { ignoreHTTPSErrors: true } })
    const call = (nexus: Nexus) => nexus.api({ app: 'etest', resource: 'other', cmd: 'echo', body: 2 })
    assert.equal(await page.run(call), 2)
  })

  it('is dialled for the way to a worker by a block that came through another relay', async () => {
    const elsewhere = await mesh.relay({ listen: [LOOPBACK_TCP], bootstrap: [plain] })
    const { block: caller } = await startBlock('caller', elsewhere.addresses)
    const request = { app: 'etest', resource: 'w', cmd: 'echo', body: 3 } as const
    await until(
      () =>
        caller.run('api', request).then(
          (reply) => reply === 3,
          () => false
        ),
      'an answer',
      20_000
    )
    await caller.stop()
  })
})
