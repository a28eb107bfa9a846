import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type Ended, NexusProgram, nexus, node } from '../support/nexus-program.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'

const START = new URL('../../bin/nexus.js', import.meta.url).pathname

describe('nexus authority serve', function () {
  this.timeout(60_000)
  let cwd: string
  let service: NexusProgram | undefined
  let env: Record<string, string>

  const authority = (...args: string[]): Promise<Ended> => nexus(['authority', ...args], { cwd, env })
  const json = async (...args: string[]): Promise<any> => {
    const { code, stdout, stderr } = await authority(...args, '--json')
    assert.equal(code, 0, stderr)
    return JSON.parse(stdout)
  }
  const serve = async (...args: string[]): Promise<any> => {
    service = new NexusProgram(['authority', 'serve', '--port', '0', '--json', ...args], { cwd })
    await service.printed('stdout', /\n/)
    return JSON.parse(service.stdout)
  }

  beforeEach(async () => {
    cwd = await temporaryDirectory()
    env = {}
    await json('init', '--network', 'mesh.example.org')
  })

  afterEach(async () => {
    service?.kill('SIGKILL')
    await service?.ended
  })

  after(removeTemporaryDirectories)

  it('is administered from the command line, and ends in order', async () => {
    const { event, network, origin, database, adminTokens } = await serve()
    assert.deepEqual(
      [event, network, database, adminTokens],
      ['ready', 'mesh.example.org', join('.nexus', 'authority.db'), 0]
    )
    await service?.printed('stderr', /nobody can administer it yet: nexus authority token --dir \.nexus/)
    const { id, token } = await json('token')
    env = { NEXUS_AUTHORITY: origin, NEXUS_ADMIN_TOKEN: token }
    assert.equal((await json('admin', 'app', 'etest', '--owner', 'anna')).owner, 'anna')
    assert.deepEqual((await json('admin', 'partner', 'etest', 'bert')).partners, ['bert'])
    const { secret } = await json('admin', 'secret', 'etest', '--uid', 'anna', '--kind', 'service', '--days', '2')
    assert.match(secret, /^nxs\.etest\./)
    assert.deepEqual((await json('admin', 'get', 'etest', 'carl')).services, ['etest'])
    assert.deepEqual((await json('admin', 'drop', 'etest', 'carl')).services, [])
    const revoked = { version: 2, entries: 1, earlierMembers: true }
    assert.deepEqual(await json('admin', 'revoke', 'uid', 'mallory'), revoked)
    assert.deepEqual(await json('admin', 'lift', 'uid', 'mallory'), { kind: 'uid', subject: 'mallory' })
    const { audit } = await json('admin', 'audit', '--limit', '2')
    assert.deepEqual(
      audit.map(({ actor, action }: Record<string, string>) => [actor, action]),
      [
        [`admin:${id}`, 'lift'],
        [`admin:${id}`, 'revoke']
      ]
    )
    const secrets = await authority('admin', 'secrets')
    assert.match(secrets.stdout, /^id +kind +app.*\n\S+ +service +etest +anna +worker/)

    const refused = await authority('admin', 'lift', 'uid', 'mallory')
    assert.deepEqual([refused.code, refused.stdout], [2, ''])
    assert.match(refused.stderr, /^nexus: INVALID: the service says: the uid mallory is not revoked\n$/)
    await json('token', '--drop', id)
    const dropped = await authority('admin', 'apps')
    assert.deepEqual([dropped.code, dropped.stderr.split(':')[1]], [5, ' REFUSED'])

    service?.kill('SIGTERM')
    assert.equal((await service?.ended)?.code, 0)
    const gone = await authority('admin', 'apps')
    assert.equal(gone.code, 7)
    assert.match(gone.stderr, /^nexus: UNREACHABLE: .*\/admin\/apps does not answer: .*ECONNREFUSED/)
  })

  it('enrols a relay, and a command that has no credential', async () => {
    const { origin } = await serve()
    env = { NEXUS_AUTHORITY: origin, NEXUS_ADMIN_TOKEN: (await json('token')).token }
    await json('admin', 'app', 'mesh', '--owner', 'operator')
    const secretFor = async (...args: string[]): Promise<string> =>
      (await json('admin', 'secret', 'mesh', '--uid', 'operator', ...args)).secret
    const SERVICE_SECRET = await secretFor('--kind', 'service', '--block', 'relay')
    const EXPLORE_SECRET = await secretFor('--kind', 'explore')
    const listen = ['--listen', '/ip4/127.0.0.1/tcp/0', '--json']
    const relay = new NexusProgram(['relay', ...listen], { cwd, env: { NEXUS_AUTHORITY: origin, SERVICE_SECRET } })

    try {
      await relay.printed('stdout', /\n/)
      const { jid, addresses } = JSON.parse(relay.stdout)
      assert.equal(jid, 'mesh-operator-owner@mesh.example.org/default')
      const args = ['find', '--app', 'etest', '--bootstrap', addresses[0], '--json']
      const found = await nexus(args, { cwd, env: { NEXUS_AUTHORITY: origin, EXPLORE_SECRET } })
      assert.deepEqual([found.code, found.stdout], [3, '[]\n'], found.stderr)
    } finally {
      relay.kill('SIGTERM')
    }

    assert.equal((await relay.ended).code, 0)
  })

  it('keeps the revocation list, which the file then must not go on', async () => {
    await serve()
    const { code, stderr } = await authority('revoke', 'uid:mallory')
    assert.equal(code, 2)
    assert.match(
      stderr,
      /the service of \.nexus\/authority\.db keeps the list: revoke with nexus authority admin revoke/
    )
  })

  it('is backed up while it runs, and starts from the copy', async () => {
    await serve()
    const { path } = await json('backup', 'copy.db')
    assert.equal(path, 'copy.db')
    const again = await authority('backup', 'copy.db')
    assert.equal(again.code, 2)
    assert.match(again.stderr, /copy\.db is there already/)
    service?.kill('SIGINT')
    assert.equal((await service?.ended)?.code, 0)
    assert.equal((await serve('--database', 'copy.db')).database, 'copy.db')
  })

  it('says what is missing', async () => {
    const cases: Array<[string[], RegExp]> = [
      [['serve', '--dir', 'elsewhere'], /no authority in elsewhere: nexus authority init/],
      [['serve', '--origin', 'authority.example'], /origin: expected scheme, host and port alone/],
      [['token'], /there is no database \.nexus\/authority\.db: nexus authority serve makes it/],
      [['admin', 'apps'], /where is the service\? give --url <origin> or set NEXUS_AUTHORITY/],
      [['admin', 'apps', '--url', 'http://127.0.0.1:1'], /no admin token: set NEXUS_ADMIN_TOKEN/],
      [['admin', 'revoke', 'users', 'mallory'], /Allowed choices are peer, uid, app, certificate/]
    ]

    for (const [args, message] of cases) {
      const { code, stderr } = await authority(...args)
      assert.equal(code, 2, stderr)
      assert.match(stderr, message)
    }
  })

  it('says which Node it needs, with exit code 2', async () => {
    const pretend = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '22.15.1' } })"
    const args = ['authority', 'serve', '--port', '0', '--dir', join(cwd, '.nexus')]
    const { code, stderr } = await node(['--import', `data:text/javascript,${pretend}`, START, ...args])
    assert.equal(code, 2)
    assert.match(stderr, /^nexus: INVALID: the authority service needs Node 22\.16 or later; this is v/)
  })
})
