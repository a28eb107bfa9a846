import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeCredentialFile } from '../../src/node/runtime/credential-file.ts'
import { LOOPBACK_TCP, LOOPBACK_WS, LOOPBACK_WSS, TestMesh } from '../support/mesh.ts'
import { jsonLines, NexusProgram, nexus } from '../support/nexus-program.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'
import { TlsAuthority } from '../support/tls-authority.ts'
import { until } from '../support/until.ts'

const LISTEN = ['--listen', LOOPBACK_TCP, '--listen', LOOPBACK_WS]

describe('nexus relay', function () {
  this.timeout(60_000)
  let mesh: TestMesh
  let directory: string
  let credential: string
  let worker: string
  const running: NexusProgram[] = []

  const start = (...args: string[]): NexusProgram => {
    const program = new NexusProgram(['relay', '--credential', credential, ...LISTEN, ...args])
    running.push(program)
    return program
  }

  before(async () => {
    mesh = await TestMesh.create()
    directory = await temporaryDirectory()
    credential = join(directory, 'relay.json')
    const relay = { app: 'mesh', uid: 'operator', role: 'owner', block: 'relay', resource: 'relay' } as const
    await writeCredentialFile(credential, await mesh.network.credentialFor(relay))
    worker = join(directory, 'worker.json')
    await writeCredentialFile(worker, await mesh.network.credentialFor({ block: 'worker' }))
  })

  afterEach(async () => {
    for (const program of running.splice(0)) {
      program.kill('SIGKILL')
      await program.ended
    }
  })

  after(async () => {
    await mesh?.stop()
    await removeTemporaryDirectories()
  })

  it('says where it is reached, serves its health, logs who comes, and stops in order', async () => {
    const program = start('--json', '--log', 'json', '--health-port', '0', '--stun-port', '0')
    const [line] = await program.printed('stdout', /^.*\n/)
    const { event, jid, peerId, addresses, health, stun } = JSON.parse(line)
    assert.deepEqual([event, jid], ['ready', `mesh-operator-owner@${mesh.network.network}/relay`])
    assert.ok(addresses.some((address: string) => /\/tcp\/\d+\/p2p\//.test(address)))
    assert.ok(addresses.some((address: string) => /\/tcp\/\d+\/ws\/p2p\//.test(address)))

    assert.ok(stun.ip4 > 0)

    const block = await mesh.block({}, { bootstrap: addresses })
    assert.equal(block.peers[0]?.peer.peerId, peerId)
    const answer = await fetch(`http://127.0.0.1:${health.port}/healthz`)
    const status = (await answer.json()) as { status: string; peers: number }
    assert.deepEqual([answer.status, status.status, status.peers], [200, 'ok', 1])
    await mesh.drop(block)
    await program.printed('stderr', /"event":"disconnected"/)

    program.kill('SIGTERM')
    const ended = await program.ended
    assert.equal(ended.code, 0, ended.stderr)
    assert.deepEqual(jsonLines(ended.stdout).length, 1)
    const events = jsonLines(ended.stderr).map(({ event: name, jid: who }) => [name, who])
    assert.deepEqual(events, [
      ['started', jid],
      ['connected', block.identity.jid],
      ['disconnected', block.identity.jid],
      ['stopping', undefined],
      ['stopped', undefined]
    ])
  })

  it('reads for people, and stops in order on SIGINT too', async () => {
    const program = start()
    // Beside another relay of this machine it says first that it answers no STUN.
    await program.printed('stderr', /^\S+ started jid=mesh-operator-owner@\S+\n/m)
    program.kill('SIGINT')
    const { code, stdout, stderr } = await program.ended
    assert.equal(code, 0)
    assert.match(stdout, /^relay mesh-operator-owner@\S+, reached at\n {2}\/ip4\//)
    assert.match(stderr, / stopped\n$/)
  })

  it('says for some seconds that it had stood still', async () => {
    const program = start('--json', '--health-port', '0', '--health-host', '0.0.0.0')
    const [line] = await program.printed('stdout', /^.*\n/)
    const { health } = JSON.parse(line)
    assert.equal(health.host, '0.0.0.0')
    const ask = () => fetch(`http://127.0.0.1:${health.port}/healthz`)
    assert.equal((await ask()).status, 200)
    program.kill('SIGSTOP')
    await new Promise((resolve) => setTimeout(resolve, 5_500))
    program.kill('SIGCONT')
    const answer = await ask()
    const { status, reason } = (await answer.json()) as Record<string, string>
    assert.deepEqual([answer.status, status, reason], [503, 'failing', 'STALLED'])
    await until(async () => (await ask()).status === 200, 'it is well again', 15_000)
  })

  it('announces other addresses than it listens on', async () => {
    const program = start('--json', '--announce', '/dns4/relay.example.org/tcp/443/wss')
    const [line] = await program.printed('stdout', /^.*\n/)
    const { peerId, addresses } = JSON.parse(line)
    assert.deepEqual(addresses, [`/dns4/relay.example.org/tcp/443/wss/p2p/${peerId}`])
  })

  it('has TLS of its own, for blocks that trust it, and logs its renewals', async () => {
    const authority = await TlsAuthority.create()
    const { certFile, keyFile } = await authority.write()
    const tls = ['--listen', LOOPBACK_WSS, '--tls-cert', certFile, '--tls-key', keyFile]
    const program = start('--json', '--log', 'json', ...tls)
    const [line] = await program.printed('stdout', /^.*\n/)
    const secure = JSON.parse(line).addresses.find((address: string) => address.includes('/tls/ws'))
    const find = (env: Record<string, string>) =>
      nexus(['find', '--app', 'nobody', '--credential', worker, '--bootstrap', secure], { env })
    const trusting = await find({ NODE_EXTRA_CA_CERTS: authority.file })
    assert.equal(trusting.code, 3, trusting.stderr)
    const other = await find({})
    assert.equal(other.code, 7)
    assert.match(other.stderr, /unable to verify the first certificate/)
    await authority.write({ certFile, keyFile })
    await program.printed('stderr', /"event":"tls-renewed","expires":"/)
    await rm(keyFile)
    await program.printed(
      'stderr',
      /"event":"tls-failed","message":"the TLS key \S+ cannot be read: there is no such file"/
    )
  })

  it('ends with 2 and a reason when its TLS cannot be', async () => {
    const { certFile } = await (await TlsAuthority.create()).write()
    const run = (...tls: string[]) => nexus(['relay', '--credential', credential, '--listen', LOOPBACK_WSS, ...tls])
    for (const [tls, reason] of [
      [[], /listen: \S+ needs a certificate: give tls/],
      [['--tls-cert', certFile], /--tls-cert and --tls-key go together/],
      [
        ['--tls-cert', certFile, '--tls-key', '/nowhere.pem'],
        /the TLS key \/nowhere\.pem cannot be read: there is no such file/
      ],
      [['--tls-cert', certFile, '--tls-key', certFile], /has no private key in PEM/]
    ] as const) {
      const { code, stderr } = await run(...tls)
      assert.equal(code, 2)
      assert.match(stderr, new RegExp(`^nexus: INVALID: [^\n]*${reason.source}[^\n]*\n$`))
    }
  })

  it('logs whom it refuses and why', async () => {
    const program = start('--json', '--log', 'json')
    const [line] = await program.printed('stdout', /^.*\n/)
    const stranger = await TestMesh.create({ network: 'elsewhere.example' })
    await assert.rejects(stranger.block({}, { bootstrap: JSON.parse(line).addresses.slice(0, 1) }), { code: 'REFUSED' })
    await until(() => jsonLines(program.stderr).some(({ event }) => event === 'refused'), 'a line about the refusal')
    const refused = jsonLines(program.stderr).find(({ event }) => event === 'refused')
    assert.deepEqual([refused.code, refused.reason], ['REFUSED', 'WRONG_NETWORK'])
  })

  it("needs a relay's certificate, and an address that is free", async () => {
    const other = await nexus(['relay', '--credential', worker, ...LISTEN])
    assert.equal(other.code, 2)
    assert.match(other.stderr, /^nexus: INVALID: a relay needs a certificate with block 'relay', not 'worker'\n$/)

    const first = start('--json')
    const [line] = await first.printed('stdout', /^.*\n/)
    const [, taken] = /\/tcp\/(\d+)/.exec(JSON.parse(line).addresses[0]) ?? []
    const second = await nexus(['relay', '--credential', credential, '--listen', `/ip4/127.0.0.1/tcp/${taken}`])
    assert.equal(second.code, 2)
    assert.match(
      second.stderr,
      /^nexus: INVALID: cannot listen: \/ip4\/\S+: EADDRINUSE: something listens on 127\.0\.0\.1:\d+ already\n$/
    )
  })
})
