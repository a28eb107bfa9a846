import assert from 'node:assert/strict'
import { join } from 'node:path'
import { NexusError } from '../../src/errors.ts'
import { writeCredentialFile } from '../../src/node/runtime/credential-file.ts'
import type { Nexus } from '../../src/types.ts'
import { BOB_UID, MALLORY_UID, testNetwork } from '../support/identities.ts'
import { TestMesh } from '../support/mesh.ts'
import { type Ended, jsonLines, NexusProgram, nexus, type ProgramOptions } from '../support/nexus-program.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'

const CALLER = { app: 'shop', uid: BOB_UID, role: 'user', block: 'device', resource: 'cli' } as const

describe('nexus find, api, direct, ping', function () {
  this.timeout(60_000)
  let mesh: TestMesh
  let worker: Nexus
  let spare: Nexus
  let directory: string
  let env: Record<string, string>
  let hanging: 'not called' | 'called' | 'cancelled' = 'not called'
  const directs: unknown[] = []

  const run = (args: string[], options: ProgramOptions = {}): Promise<Ended> =>
    nexus(args, { ...options, env: { ...env, ...options.env } })

  before(async () => {
    mesh = await TestMesh.create()
    directory = await temporaryDirectory()
    const relay = await mesh.relay()
    const [bootstrap = ''] = relay.addresses
    worker = await mesh.block({ resource: 'default' }, { bootstrap: [bootstrap] })
    spare = await mesh.block({ resource: 'spare' }, { bootstrap: [bootstrap] })
    const pathOf = (name: string): string => join(directory, `${name}.json`)
    const { network } = mesh
    const stranger = await testNetwork({ network: 'elsewhere.example' })
    await writeCredentialFile(pathOf('bob'), await network.credentialFor({ ...CALLER, grants: ['etest'] }))
    await writeCredentialFile(pathOf('mallory'), await network.credentialFor({ ...CALLER, uid: MALLORY_UID }))
    await writeCredentialFile(pathOf('stranger'), await stranger.credentialFor(CALLER))
    env = { NEXUS_CREDENTIAL: pathOf('bob'), NEXUS_BOOTSTRAP: bootstrap }

    for (const block of [worker, spare]) {
      block.handle('whoami', ({ from, body }) => ({ from, body, worker: block.identity.resource }))
      block.handle('bytes', () => new Uint8Array([0, 159, 146, 150]))
      block.handle('fail', () => {
        throw new Error('a secret')
      })
      block.handle('refuse', () => {
        throw new NexusError('APPLICATION', 'no credit', { data: { left: 0 } })
      })
      block.handle('hang', ({ signal }) => {
        hanging = 'called'
        signal.addEventListener('abort', () => {
          hanging = 'cancelled'
        })
        return new Promise(() => undefined)
      })
      block.onDirect(({ body, from }) => {
        directs.push({ body, from: from.jid, to: block.identity.resource })
      })
    }
  })

  after(async () => {
    await mesh?.stop()
    await removeTemporaryDirectories()
  })

  it('lists the workers that a target means', async () => {
    const [all, one] = [
      await run(['find', '--app', 'etest', '--json']),
      await run(['find', '--app', 'etest', '--resource', 'spare'])
    ]
    assert.equal(all.code, 0, all.stderr)
    const found = JSON.parse(all.stdout).sort((a: { resource: string }, b: { resource: string }) =>
      a.resource < b.resource ? -1 : 1
    )
    assert.deepEqual(found, [worker.identity, spare.identity])
    assert.equal(one.code, 0)
    assert.match(one.stdout, new RegExp(`^JID +PEER ID\n${spare.identity.jid} +${spare.identity.peerId}\n$`))
  })

  it('ends with 3 when nobody serves an app', async () => {
    const [found, called] = [
      await run(['find', '--app', 'nobody', '--json']),
      await run(['api', '--app', 'nobody', 'whoami', '--json'])
    ]
    assert.deepEqual([found.code, found.stdout], [3, '[]\n'])
    assert.match(found.stderr, /^nexus: NO_WORKER: /)
    assert.equal(called.code, 3)
    assert.equal(JSON.parse(called.stdout).error.code, 'NO_WORKER')
    assert.match(called.stderr, /^nexus: NO_WORKER: [^\n]*\n$/)
  })

  it('calls a command as the block of its credential', async () => {
    const args = ['api', '--app', 'etest', 'whoami', '{"a":[6,null,"seven"]}', '--resource', 'spare']
    const [json, text] = [await run([...args, '--json']), await run(args)]
    assert.deepEqual([json.code, json.stderr], [0, ''])
    const { reply, ms } = JSON.parse(json.stdout)
    assert.equal(reply.from.jid, `shop-${BOB_UID}-user@${mesh.network.network}/cli`)
    assert.deepEqual([reply.body, reply.worker], [{ a: [6, null, 'seven'] }, 'spare'])
    assert.ok(ms > 0)
    assert.deepEqual(JSON.parse(text.stdout), reply)
  })

  it('takes flags in place of the environment, and a body on stdin', async () => {
    const { NEXUS_CREDENTIAL = '', NEXUS_BOOTSTRAP = '' } = env
    const flags = ['--credential', NEXUS_CREDENTIAL, '--bootstrap', `/ip4/127.0.0.1/tcp/1,${NEXUS_BOOTSTRAP}`]
    const { code, stdout, stderr } = await run(['api', '--app', 'etest', 'whoami', '-', '--json', ...flags], {
      input: '{"from":"stdin"}\n',
      env: { NEXUS_CREDENTIAL: 'nowhere.json', NEXUS_BOOTSTRAP: 'nowhere' }
    })
    assert.equal(code, 0, stderr)
    assert.deepEqual(JSON.parse(stdout).reply.body, { from: 'stdin' })
  })

  it('prints an answer of raw bytes as it is, or in base64', async () => {
    const args = ['api', '--app', 'etest', 'bytes']
    const [json, raw] = [await run([...args, '--json']), await run(args)]
    assert.equal(JSON.parse(json.stdout).replyBase64, 'AJ+Slg==')
    assert.equal(raw.code, 0)
    assert.equal(raw.stdout, new TextDecoder().decode(new Uint8Array([0, 159, 146, 150])))
  })

  it('ends with 4 without the service', async () => {
    const { code, stderr } = await run(['api', '--app', 'etest', 'whoami'], {
      env: { NEXUS_CREDENTIAL: join(directory, 'mallory.json') }
    })
    assert.equal(code, 4)
    assert.match(stderr, /^nexus: FORBIDDEN: [^\n]*nexus authority grant\)\n$/)
  })

  it('ends with 5 and the reason for a certificate of another network', async () => {
    const { code, stdout, stderr } = await run(['find', '--app', 'etest', '--json'], {
      env: { NEXUS_CREDENTIAL: join(directory, 'stranger.json') }
    })
    assert.equal(code, 5)
    assert.match(stderr, /^nexus: REFUSED: WRONG_NETWORK: [^\n]*\n$/)
    assert.equal(JSON.parse(stdout).error.reason, 'WRONG_NETWORK')
  })

  it('ends with 6 when the time is over', async () => {
    const { code, stderr } = await run(['api', '--app', 'etest', 'hang', '--timeout', '3000'])
    assert.equal(code, 6)
    assert.match(stderr, /^nexus: TIMEOUT: [^\n]*\n$/)
  })

  it('ends with 7 when no relay answers', async () => {
    const { code, stderr } = await run(['find', '--app', 'etest', '--bootstrap', '/ip4/127.0.0.1/tcp/1'])
    assert.equal(code, 7)
    assert.match(stderr, /^nexus: UNREACHABLE: \/ip4\/127\.0\.0\.1\/tcp\/1 cannot be reached: .*ECONNREFUSED.*\n$/)
  })

  it('ends with 8 for what a worker cannot do', async () => {
    const [unknown, failed] = [
      await run(['api', '--app', 'etest', 'nosuch']),
      await run(['api', '--app', 'etest', 'fail'])
    ]
    assert.deepEqual([unknown.code, failed.code], [8, 8])
    assert.match(unknown.stderr, /^nexus: NO_HANDLER: /)
    assert.match(failed.stderr, /^nexus: HANDLER_FAILED: /)
    assert.doesNotMatch(failed.stderr, /secret/)
  })

  it('ends with 9 for an error that the handler answers, and shows its data', async () => {
    const [text, json] = [
      await run(['api', '--app', 'etest', 'refuse']),
      await run(['api', '--app', 'etest', 'refuse', '--json'])
    ]
    assert.deepEqual([text.code, json.code], [9, 9])
    assert.match(text.stderr, /^nexus: APPLICATION: no credit: \{"left":0\}\n$/)
    assert.deepEqual(JSON.parse(json.stdout), {
      error: { code: 'APPLICATION', message: 'no credit', data: { left: 0 } }
    })
  })

  it('ends with 130 on SIGINT and 143 on SIGTERM, and cancels the call', async () => {
    for (const [signal, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 143]
    ] as const) {
      hanging = 'not called'
      const program = new NexusProgram(['api', '--app', 'etest', 'hang', '--json'], { env })
      await until(() => hanging === 'called')
      program.kill(signal)
      const ended = await program.ended
      assert.equal(ended.code, code, ended.stderr)
      assert.equal(JSON.parse(ended.stdout).error.code, 'INTERRUPTED')
      assert.equal(ended.stderr, `nexus: INTERRUPTED: interrupted by ${signal}\n`)
      await until(() => hanging === 'cancelled')
    }
  })

  it('sends a direct to one worker', async () => {
    const { code, stdout } = await run([
      'direct',
      '--app',
      'etest',
      '{"hello":1}',
      '--jid',
      spare.identity.jid,
      '--json'
    ])
    assert.deepEqual([code, JSON.parse(stdout)], [0, { taken: true }])
    await until(() => directs.length > 0)
    const from = `shop-${BOB_UID}-user@${mesh.network.network}/cli`
    assert.deepEqual(directs, [{ body: { hello: 1 }, from, to: 'spare' }])
  })

  it('pings every worker of an app, granted or not', async () => {
    const { code, stdout, stderr } = await run(['ping', '--app', 'etest', '--count', '3', '--json'], {
      env: { NEXUS_CREDENTIAL: join(directory, 'mallory.json') }
    })
    assert.equal(code, 0, stderr)
    const [measured] = jsonLines(stdout)
    assert.deepEqual(measured.map(({ jid }: { jid: string }) => jid).sort(), [worker.identity.jid, spare.identity.jid])
    assert.ok(measured.every(({ ms }: { ms: number[] }) => ms.length === 3 && ms.every((time) => time > 0)))
  })

  it('shows by which paths a worker is pinged, and what was tried', async () => {
    const flags = ['--app', 'etest', '--peer', spare.identity.peerId, '--count', '1', '--verbose']
    const [{ stdout: text }, { stdout: json, stderr }] = [
      await run(['ping', ...flags]),
      await run(['ping', ...flags, '--json'])
    ]
    assert.match(text, /\n {2}direct \(outbound\) {2}\/ip4\/127\.0\.0\.1\/tcp\/\d+/, stderr)
    const [[{ paths }]] = jsonLines(json)
    assert.equal(paths[0].path, 'direct')
    assert.ok(Array.isArray(paths[0].tried))
  })

  it('pings a peer: through its app, or as the one that it joins through', async () => {
    const { peerId } = spare.identity
    const [found, joined, unknown] = [
      await run(['ping', '--app', 'etest', '--peer', peerId, '--count', '1', '--json']),
      await run(['ping', '--peer', peerId, '--count', '1', '--json', '--bootstrap', spare.addresses[0] ?? '']),
      await run(['ping', '--peer', peerId])
    ]
    assert.equal(JSON.parse(found.stdout)[0].peerId, peerId)
    assert.equal(JSON.parse(joined.stdout)[0].peerId, peerId)
    assert.equal(unknown.code, 2)
    assert.match(unknown.stderr, /give its --app too/)
  })

  it('warns when it runs with the credential of a worker', async () => {
    const path = join(directory, 'worker.json')
    await writeCredentialFile(path, await mesh.network.credentialFor({ app: 'lonely', grants: ['etest'] }))
    const { code, stderr } = await run(['api', '--app', 'etest', 'whoami'], { env: { NEXUS_CREDENTIAL: path } })
    assert.equal(code, 0)
    assert.match(stderr, /^nexus: warning: .* is a worker: .*'device'\n$/)
  })
})
