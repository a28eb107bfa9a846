import assert from 'node:assert/strict'
import type { Relay } from '../../relay/relay.ts'
import { generateKey } from '../../src/identity/keys.ts'
import { closeChromium } from '../support/chromium.ts'
import { TestMesh } from '../support/mesh.ts'
import { MeshPage, PageSite } from '../support/page-site.ts'
import { waitFor } from '../support/wait-for.ts'

const wsOf = (relay: Relay): string => relay.addresses.find((address) => address.includes('/ws'))!
const CARL = { app: 'shop', uid: 'carl', role: 'user', block: 'xwebsite' } as const
const HOUR_MS = 60 * 60_000

describe('a page that lacks something', function () {
  this.timeout(60_000)
  let mesh: TestMesh
  let site: PageSite
  let relay: Relay

  beforeEach(async () => {
    mesh = await TestMesh.create()
    relay = await mesh.relay()
    site = await PageSite.open(mesh, [wsOf(relay)])
    site.user('carl', { ...CARL, grants: ['etest'] })
  })

  afterEach(async () => {
    await site.close()
    await mesh.stop()
  })

  after(closeChromium)

  const noticesOf = (page: MeshPage): Promise<string[]> =>
    page.run(({ status }) => status.notices.map(({ reason }) => reason))
  const works = async (page: MeshPage): Promise<void> => {
    const worker = await mesh.block({ resource: 'w' }, { bootstrap: relay.addresses })
    worker.handle('echo', ({ body }) => body)
    assert.equal(await page.run((nexus) => nexus.api({ app: 'etest', cmd: 'echo', body: 'hi' })), 'hi')
  }

  describe('is refused, and told why', () => {
    it('when nobody is logged in', async () => {
      await assert.rejects(site.join('nobody'), /REFUSED NO_CERTIFICATE .*nobody is logged in/)
    })

    it('when its certificate has ended', async () => {
      site.clock = () => Date.now() - 2 * HOUR_MS
      site.tamper = (answer) => ({ ...answer, time: Date.now() })
      await assert.rejects(site.join('carl'), /REFUSED EXPIRED /)
    })

    it("when its certificate is another's", async () => {
      const { certificate } = await mesh.network.credentialFor({ privateKey: await generateKey(), ...CARL })
      site.tamper = (answer) => ({ ...answer, certificate })
      await assert.rejects(site.join('carl'), /REFUSED WRONG_KEY /)
    })

    it('when its certificate is of another network', async () => {
      const elsewhere = await TestMesh.create({ network: 'elsewhere.example', root: 'other' })
      const other = await PageSite.open(elsewhere, [wsOf(relay)])

      try {
        other.user('carl', CARL)
        await assert.rejects(other.join('carl'), /REFUSED WRONG_NETWORK /)
      } finally {
        await other.close()
        await elsewhere.stop()
      }
    })

    it('when it is revoked while it is in', async () => {
      const page = await site.join('carl')
      const list = await mesh.network.authority.revoke(page.identity.peerId)
      // It comes with the next member that knows it.
      const credential = { ...(await mesh.network.credentialFor({ resource: 'w' })), revocations: list }
      await mesh.block({}, { credential, bootstrap: relay.addresses })
      await waitFor('the status', () =>
        page.run(({ status }) => status.state === 'offline' && status.reason === 'REFUSED')
      )
    })
  })

  it('WebSocket: learns that no relay answers', async () => {
    site.bootstrap = ['/ip4/127.0.0.1/tcp/1/ws']
    await assert.rejects(site.join('carl'), /UNREACHABLE .*127\.0\.0\.1\/tcp\/1\/ws cannot be reached/)
  })

  it('WebSocket: shows it in its status when it does not wait', async () => {
    site.bootstrap = ['/ip4/127.0.0.1/tcp/1/ws']
    const page = await site.join('carl', { join: { waitForBootstrap: false } })
    await waitFor('the status', () =>
      page.run(({ status }) => status.state === 'connecting' && status.reason === 'NO_RELAY')
    )
  })

  it('a reservation: is degraded, and calls', async () => {
    const full = await mesh.relay({ maxReservations: 1 })
    const worker = await mesh.block({ resource: 'w' }, { bootstrap: full.addresses, listen: [] })
    worker.handle('echo', ({ body }) => body)
    site.bootstrap = [wsOf(full)]
    const page = await site.join('carl')
    await waitFor('the status', () =>
      page.run(({ status }) => status.state === 'degraded' && status.reason === 'NO_RESERVATION')
    )
    assert.equal(await page.run((nexus) => nexus.api({ app: 'etest', cmd: 'echo', body: 'hi' })), 'hi')
  })

  it('Ed25519 in WebCrypto: signs in JavaScript', async () => {
    const page = await site.join('carl', {
      init: () => {
        for (const name of ['generateKey', 'importKey'] as const) {
          const original = SubtleCrypto.prototype[name] as (...args: unknown[]) => Promise<unknown>
          Object.assign(SubtleCrypto.prototype, {
            [name](this: SubtleCrypto, ...args: unknown[]) {
              return JSON.stringify(args).includes('Ed25519')
                ? Promise.reject(new DOMException('no such algorithm', 'NotSupportedError'))
                : original.apply(this, args)
            }
          })
        }
      }
    })
    assert.deepEqual(await noticesOf(page), ['NO_ED25519'])
    await works(page)
  })

  it('IndexedDB: has a key for as long as it is open', async () => {
    const page = await site.join('carl', {
      init: () => {
        Object.assign(IDBFactory.prototype, {
          open: () => {
            throw new DOMException('denied', 'SecurityError')
          }
        })
      }
    })
    assert.deepEqual(await noticesOf(page), ['NO_STORAGE'])
    await works(page)
  })

  it('the right time: takes the time of the site', async () => {
    const page = await site.join('carl', {
      init: () => {
        const now = Date.now
        Date.now = () => now() + 3 * 60 * 60_000
      }
    })
    assert.deepEqual(await noticesOf(page), ['WRONG_CLOCK'])
    await works(page)
  })

  it('a storage that it can read: makes a new key', async () => {
    const page = await site.page()
    await page.evaluate(
      () =>
        new Promise<void>((resolve, reject) => {
          const request = indexedDB.open('nexus-mesh', 1)
          request.onupgradeneeded = () => void request.result.createObjectStore('keys')
          request.onerror = reject
          request.onsuccess = () => {
            const transaction = request.result.transaction('keys', 'readwrite')
            transaction.objectStore('keys').put({ version: 0, secret: 'of an older site' }, 'default/0')
            transaction.oncomplete = () => {
              request.result.close()
              resolve()
            }
          }
        })
    )
    const joined = await MeshPage.join(page, 'carl')
    assert.deepEqual(await noticesOf(joined), ['OLD_STORAGE'])
    await works(joined)
  })

  it('a storage of its own version: has a key for as long as it is open', async () => {
    const page = await site.page()
    await page.evaluate(
      () =>
        new Promise<void>((resolve, reject) => {
          const request = indexedDB.open('nexus-mesh', 1_000)
          request.onerror = reject
          request.onsuccess = () => {
            request.result.close()
            resolve()
          }
        })
    )
    assert.deepEqual(await noticesOf(await MeshPage.join(page, 'carl')), ['OLD_STORAGE'])
  })

  describe('nothing', () => {
    it('keeps its key over a reload, and has another in each tab', async () => {
      const first = await site.join('carl')
      const second = await MeshPage.join(await site.tab(first.page.context()), 'carl')
      assert.notEqual(first.identity.peerId, second.identity.peerId)
      await first.page.reload()
      const again = await MeshPage.join(first.page, 'carl')
      assert.equal(again.identity.peerId, first.identity.peerId)
    })

    it('joins with the certificate of the last time while the site is down', async () => {
      const first = await site.join('carl')
      site.refuse = () => ({ status: 503, error: { code: 'BUSY', message: 'not now' } })
      await first.page.reload()
      await works(await MeshPage.join(first.page, 'carl'))
    })
  })
})
