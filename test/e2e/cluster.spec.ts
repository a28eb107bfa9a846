import assert from 'node:assert/strict'
import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Credential } from '../../src/identity/credential.ts'
import { freePort } from '../support/free-port.ts'
import { TestMesh } from '../support/mesh.ts'

const PROGRAM = join(import.meta.dirname, '../support/cluster-worker.ts')
const COUNT = 3

/** What a worker tells: where it listens, or why it does not run. */
interface Told {
  peerId: string
  addresses: string[]
  pid: number
  code?: string
  message?: string
}

describe('three workers of a cluster', function () {
  this.timeout(60_000)
  let mesh: TestMesh
  let credentials: Credential[]
  const workers: Worker[] = []

  beforeEach(async () => {
    mesh = await TestMesh.create()
    credentials = await Promise.all(
      Array.from({ length: COUNT }, (_, n) =>
        mesh.network.credentialFor({ app: 'etest', uid: 'anna', role: 'owner', block: 'worker', resource: `w${n}` })
      )
    )
  })

  afterEach(async () => {
    for (const worker of workers.splice(0)) {
      worker.process.kill('SIGKILL')
      await once(worker, 'exit')
    }

    await mesh.stop()
  })

  async function fork(credential: Credential, listen?: string[]): Promise<Told> {
    cluster.setupPrimary({ exec: PROGRAM, args: [JSON.stringify({ credential, listen })], execArgv: [] })
    const worker = cluster.fork()
    workers.push(worker)
    const [told] = await once(worker, 'message')
    return told
  }

  const portsOf = ({ addresses }: Told): string[] => [
    ...new Set(addresses.map((address) => address.split('/tcp/')[1]!.split('/')[0]!))
  ]

  /** Each is called by each of its addresses: who answers on another's port has another key, and is refused. */
  async function assertReached(all: Told[]): Promise<void> {
    const ports = all.flatMap(portsOf)
    assert.equal(new Set(ports).size, ports.length, `each has ports of its own: ${ports.join(', ')}`)

    for (const { peerId, pid, addresses } of all) {
      for (const address of addresses.filter((each) => each.includes('/127.0.0.1/'))) {
        const caller = await mesh.block({ app: 'shop', grants: ['etest'] }, { listen: [], bootstrap: [address] })
        assert.equal(await caller.api({ app: 'etest', peer: peerId, cmd: 'who' }), pid)
        assert.ok(
          caller.peers.some(({ peer, path }) => peer.peerId === peerId && path === 'direct'),
          address
        )
        await mesh.drop(caller)
      }
    }
  }

  it('have ports of their own by default, and are reached directly', async () => {
    await assertReached(await Promise.all(credentials.map((credential) => fork(credential))))
  })

  it('have ports of their own with port 0, one after the other', async () => {
    const all: Told[] = []

    for (const credential of credentials) {
      all.push(await fork(credential, ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws']))
    }

    await assertReached(all)
  })

  for (const protocol of ['', '/ws']) {
    it(`cannot share the port ${protocol === '' ? 'of TCP' : 'of WebSocket'}, and are told so`, async () => {
      const listen = [`/ip4/127.0.0.1/tcp/${await freePort()}${protocol}`]
      const first = await fork(credentials[0]!, listen)
      assert.equal(first.code, undefined, first.message)
      const second = await fork(credentials[1]!, listen)
      assert.equal(second.code, 'INVALID')
      assert.match(second.message!, /EADDRINUSE.*worker of a cluster.*port 0/s)
      await assertReached([first])
    })
  }
})
