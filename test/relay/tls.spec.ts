import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmod, copyFile, rm, writeFile } from 'node:fs/promises'
import { connect as connectTcp, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { setTimeout as setTimeoutAsync } from 'node:timers/promises'
import { connect } from 'node:tls'
import type { RelayEvent, RelayOptions } from '../../relay/options.ts'
import type { Relay } from '../../relay/relay.ts'
import { assertCode } from '../support/calls.ts'
import { LOOPBACK_TCP, LOOPBACK_WS, LOOPBACK_WSS, TestMesh } from '../support/mesh.ts'
import { SELF_SIGNED } from '../support/self-signed.ts'
import { removeTemporaryDirectories } from '../support/temporary-directory.ts'
import { TlsAuthority, type TlsFiles } from '../support/tls-authority.ts'
import { until } from '../support/until.ts'

describe("a relay's own TLS", function () {
  this.timeout(30_000)
  let authority: TlsAuthority
  let trustNoMore: () => void
  let mesh: TestMesh
  let files: TlsFiles
  let events: RelayEvent[]

  before(async () => {
    authority = await TlsAuthority.create()
    trustNoMore = authority.trust()
  })

  after(async () => {
    trustNoMore()
    await removeTemporaryDirectories()
  })

  beforeEach(async () => {
    mesh = await TestMesh.create()
    files = await authority.write()
    events = []
  })

  afterEach(() => mesh.stop())

  const tlsOf = ({ certFile, keyFile }: TlsFiles): RelayOptions['tls'] => ({ certFile, keyFile })

  const startRelay = (options: Partial<RelayOptions> = {}): Promise<Relay> =>
    mesh.relay({ listen: [LOOPBACK_WSS], tls: tlsOf(files), onEvent: (event) => events.push(event), ...options })

  const portOf = ({ addresses }: Relay): number => Number(/\/tcp\/(\d+)\/tls\/ws/.exec(`${addresses}`)?.[1])
  const count = (name: RelayEvent['event']): number => events.filter(({ event }) => event === name).length

  /** The serial number of the certificate that is shown to who comes now. */
  async function shown(relay: Relay): Promise<string> {
    const socket = connect({ port: portOf(relay), host: 'localhost', servername: 'localhost' })
    await once(socket, 'secureConnect')
    const { serialNumber } = socket.getPeerCertificate()
    socket.destroy()
    return serialNumber
  }

  it('lets blocks in by wss, by the name that the certificate has', async () => {
    const relay = await startRelay()
    assert.match(`${relay.addresses}`, /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/tls\/ws\/p2p\//)
    const byName = [`/dns4/localhost/tcp/${portOf(relay)}/tls/ws/p2p/${relay.identity.peerId}`]
    const worker = await mesh.block({ resource: 'w' }, { listen: [], bootstrap: byName })
    worker.handle('echo', ({ body }) => body)
    const caller = await mesh.block({}, { listen: [], bootstrap: byName })
    assert.equal(await caller.api({ app: 'etest', resource: 'w', cmd: 'echo', body: 1 }), 1)
  })

  it('shows a renewed certificate to who comes then, and those who are in stay', async () => {
    const relay = await startRelay()
    const before = await shown(relay)
    const worker = await mesh.block({ resource: 'w' }, { listen: [], bootstrap: relay.addresses })
    worker.handle('echo', ({ body }) => body)
    await authority.write(files)
    await until(() => count('tls-renewed') === 1, 'the renewal')
    assert.notEqual(await shown(relay), before)
    const caller = await mesh.block({}, { listen: [], bootstrap: relay.addresses })
    assert.equal(await caller.api({ app: 'etest', resource: 'w', cmd: 'echo', body: 1 }), 1)
    assert.equal(count('disconnected'), 0)
    assert.deepEqual([count('tls-renewed'), count('tls-failed')], [1, 0])
  })

  it('warns before its certificate ends and when it has, and no more once there is another', async () => {
    const HOUR_MS = 60 * 60_000
    await authority.write(files, HOUR_MS)
    await startRelay()
    await until(() => count('tls-expires-soon') === 1, 'the warning')
    assert.match(JSON.stringify(events), /the TLS certificate \S+ ends in (59 minutes|1 hour|60 minutes), on 20/)
    await authority.write(files, -HOUR_MS)
    await until(() => count('tls-expires-soon') === 2, 'the other warning')
    assert.match(JSON.stringify(events), /the TLS certificate \S+ has ended, on 20/)
    await authority.write(files, 10 * 24 * HOUR_MS)
    await until(() => count('tls-renewed') === 2, 'the renewal')
    assert.equal(count('tls-expires-soon'), 2)
  })

  it('keeps its certificate while the files are bad, says so once, and takes the next good ones', async () => {
    const relay = await startRelay()
    const before = await shown(relay)
    const good = await authority.write()
    await writeFile(files.keyFile, good.key)
    await until(() => count('tls-failed') === 1, 'the failure')
    assert.match(JSON.stringify(events), /the TLS key \S+ is not that of the certificate/)
    assert.equal(await shown(relay), before)
    await rm(files.certFile)
    await until(() => count('tls-failed') === 2, 'the other failure')
    assert.match(JSON.stringify(events), /the TLS certificate \S+ cannot be read: there is no such file/)
    assert.equal(await shown(relay), before)
    await copyFile(good.certFile, files.certFile)
    await until(() => count('tls-renewed') === 1, 'the renewal')
    assert.notEqual(await shown(relay), before)
    assert.equal(count('tls-failed'), 2)
  })

  it('needs a certificate and a key that can be read and belong together', async () => {
    const rejects = (tls: unknown, message: RegExp) =>
      assertCode('INVALID', () => startRelay({ tls: tls as RelayOptions['tls'] }), message)
    const { certFile, keyFile } = files
    await rejects(
      { certFile: '/nowhere.pem', keyFile },
      /^the TLS certificate \/nowhere\.pem cannot be read: there is no/
    )
    await rejects({ certFile, keyFile: '/nowhere.pem' }, /^the TLS key \/nowhere\.pem cannot be read: there is no such/)
    await rejects({ certFile, keyFile: '/' }, /^the TLS key \/ cannot be read: EISDIR/)
    await rejects({ certFile: keyFile, keyFile }, /key\.pem has no certificate in PEM/)
    await rejects({ certFile, keyFile: certFile }, /cert\.pem has no private key in PEM/)
    await rejects({ certFile, keyFile: (await authority.write()).keyFile }, /is not that of the certificate/)
    await rejects({ certFile }, /^tls\.keyFile: /)
    await writeFile(certFile, SELF_SIGNED.cert)
    await rejects({ certFile, keyFile }, /is not that of the certificate/)
  })

  it('says when a file may not be read', async function () {
    if (process.getuid?.() === 0) {
      console.log('      skipped: root may read all files')
      this.skip()
    }

    await chmod(files.keyFile, 0)
    await assertCode('INVALID', startRelay, /^the TLS key \S+ cannot be read: EACCES/)
  })

  it('needs an address of TLS, and such an address needs it', async () => {
    await assertCode(
      'INVALID',
      () => startRelay({ listen: [LOOPBACK_TCP, LOOPBACK_WS] }),
      /^tls: listen has no address/
    )
    for (const address of [LOOPBACK_WSS, '/ip4/127.0.0.1/tcp/0/wss']) {
      await assertCode(
        'INVALID',
        () => mesh.relay({ listen: [address] }),
        /^listen: \S+ needs a certificate: give tls$/
      )
    }
  })

  it('takes so many sockets of one host that have not got as far as WebSocket, as plain WebSocket does', async function () {
    const host = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .find(({ family, internal }) => family === 'IPv4' && !internal)?.address

    if (host === undefined) {
      console.log('      skipped: this machine has no address but those of loopback')
      this.skip()
    }

    const relay = await startRelay({
      listen: ['/ip4/0.0.0.0/tcp/0/tls/ws', '/ip4/0.0.0.0/tcp/0/ws'],
      maxPendingPerHost: 2
    })
    const ports = new Set(relay.addresses.map((address) => Number(/\/tcp\/(\d+)/.exec(address)?.[1])))
    assert.equal(ports.size, 2)

    for (const port of ports) {
      const open = async (to: string): Promise<Socket> => {
        const socket = connectTcp(port, to)
          .on('error', () => undefined)
          .resume()
        await once(socket, 'connect')
        return socket
      }
      const sockets = [await open(host), await open(host), await open('127.0.0.1')]
      const since = performance.now()
      const third = await open(host)
      await new Promise((resolve) => third.once('close', resolve))
      assert.ok(performance.now() - since < 2_000)
      assert.ok(sockets.every(({ destroyed }) => !destroyed))
      sockets[0]?.destroy()
      await until(async () => {
        const next = await open(host)
        const stays = await Promise.race([once(next, 'close').then(() => false), setTimeoutAsync(200, true)])
        next.destroy()
        return stays
      }, 'room for one more')
      for (const socket of sockets) {
        socket.destroy()
      }
    }
  })

  it('stands beside plain WebSocket', async () => {
    const relay = await startRelay({ listen: [LOOPBACK_WSS, LOOPBACK_WS] })
    for (const address of relay.addresses) {
      const block = await mesh.block({}, { listen: [], bootstrap: [address] })
      assert.equal(block.peers[0]?.peer.peerId, relay.identity.peerId, address)
    }
  })
})
