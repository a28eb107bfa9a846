import assert from 'node:assert/strict'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openCredential, parseCredential } from '../../src/identity/credential.ts'
import { verifyGrant } from '../../src/identity/grant.ts'
import { generateKey, peerIdOf } from '../../src/identity/keys.ts'
import { RevocationList } from '../../src/identity/revocation-list.ts'
import { CertificateVerifier } from '../../src/identity/verifier.ts'
import { type Ended, nexus } from '../support/nexus-program.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'

const NETWORK = 'mesh.example.org'
const WORKER = ['--app', 'etest', '--uid', 'anna', '--role', 'owner', '--block', 'worker', '--resource', 'default']
const DAY_MS = 24 * 60 * 60_000

describe('nexus authority', function () {
  this.timeout(60_000)
  let cwd: string
  let init: Ended

  const authority = (...args: string[]): Promise<Ended> => nexus(['authority', ...args], { cwd })
  const json = async (...args: string[]): Promise<any> => {
    const { code, stdout, stderr } = await authority(...args, '--json')
    assert.equal(code, 0, stderr)
    return JSON.parse(stdout)
  }
  const readJson = async (file: string): Promise<any> => JSON.parse(await readFile(join(cwd, file), 'utf8'))
  const open = async (file: string) => openCredential(parseCredential(await readJson(file)), { clock: Date.now })
  const modeOf = async (file: string): Promise<number> => (await stat(join(cwd, file))).mode & 0o777

  beforeEach(async () => {
    cwd = await temporaryDirectory()
    init = await authority('init', '--network', NETWORK, '--json')
    assert.equal(init.code, 0, init.stderr)
  })

  after(removeTemporaryDirectories)

  it('makes a network whose files only their owner can read', async () => {
    const { network, rootId, path } = JSON.parse(init.stdout)
    assert.deepEqual([network, path], [NETWORK, '.nexus/authority.json'])
    assert.match(rootId, /^12D3KooW/)
    assert.deepEqual([await modeOf('.nexus'), await modeOf('.nexus/authority.json')], [0o700, 0o600])
    assert.doesNotMatch(init.stdout, new RegExp((await readJson('.nexus/authority.json')).key))
  })

  it('replaces an authority only with --force', async () => {
    const before = await readJson('.nexus/authority.json')
    const refused = await authority('init', '--network', NETWORK)
    assert.equal(refused.code, 2)
    assert.match(refused.stderr, /authority\.json is there already.*--force replaces it/)
    assert.deepEqual(await readJson('.nexus/authority.json'), before)

    const forced = await json('init', '--network', NETWORK, '--force')
    assert.notEqual(forced.rootId, JSON.parse(init.stdout).rootId)
  })

  it('says how to make an authority where there is none', async () => {
    const { code, stderr } = await authority('show', '--dir', 'elsewhere')
    assert.equal(code, 2)
    assert.match(stderr, /^nexus: INVALID: no authority in elsewhere: nexus authority init/)
  })

  it('issues a credential that holds', async () => {
    const issued = await json(
      'issue',
      ...WORKER,
      '--days',
      '2',
      '--grant',
      'shop,bank',
      '--grant',
      'post',
      '--out',
      'a.json'
    )
    assert.equal(await modeOf('a.json'), 0o600)
    const { certificate, grants } = await open('a.json')
    const { jid, peerId, block, issuedAt, expiresAt } = certificate
    assert.deepEqual([jid, block], [`etest-anna-owner@${NETWORK}/default`, 'worker'])
    assert.equal(expiresAt - issuedAt, 2 * DAY_MS)
    assert.deepEqual(
      grants.map(({ app }) => app),
      ['shop', 'bank', 'post']
    )
    assert.deepEqual(issued, { jid, peerId, expires: new Date(expiresAt).toISOString(), path: 'a.json' })
  })

  it('issues for 30 days by default', async () => {
    await json('issue', ...WORKER, '--out', 'a.json')
    const { issuedAt, expiresAt } = (await open('a.json')).certificate
    assert.equal(expiresAt - issuedAt, 30 * DAY_MS)
  })

  it('replaces a credential only with --force', async () => {
    const first = await json('issue', ...WORKER, '--out', 'a.json')
    assert.equal((await authority('issue', ...WORKER, '--out', 'a.json')).code, 2)
    assert.equal((await open('a.json')).certificate.peerId, first.peerId)
    const second = await json('issue', ...WORKER, '--out', 'a.json', '--force')
    assert.notEqual(second.peerId, first.peerId)
  })

  it("prints the certificate alone for somebody else's key", async () => {
    const peerId = peerIdOf(await generateKey())
    const { code, stdout } = await authority('issue', ...WORKER, '--peer-id', peerId)
    assert.equal(code, 0)
    const { rootId } = JSON.parse(init.stdout)
    const revocations = new RevocationList({ network: NETWORK, roots: [rootId] })
    const verifier = new CertificateVerifier({ network: NETWORK, roots: [rootId], clock: Date.now, revocations })
    assert.equal((await verifier.verify(stdout.trim(), peerId)).peerId, peerId)
  })

  it('writes such a certificate as text, and never over a key', async () => {
    const peerId = peerIdOf(await generateKey())
    await json('issue', ...WORKER, '--out', 'a.json')
    const before = await readFile(join(cwd, 'a.json'), 'utf8')
    const refused = await authority('issue', ...WORKER, '--peer-id', peerId, '--out', 'a.json')
    assert.equal(refused.code, 2)
    assert.match(refused.stderr, /^nexus: INVALID: a\.json is there already .*: --force replaces it\n$/)
    assert.equal(refused.stdout, '')
    assert.equal(await readFile(join(cwd, 'a.json'), 'utf8'), before)

    for (const [file, ...force] of [['anna.jws'], ['anna.jws'], ['a.json', '--force']] as const) {
      const { certificate, path } = await json('issue', ...WORKER, '--peer-id', peerId, '--out', file, ...force)
      assert.equal(path, file)
      assert.equal(await readFile(join(cwd, file), 'utf8'), `${certificate}\n`)
    }
  })

  it('refuses a bad subject, and an issue with no place to go', async () => {
    const bad = WORKER.with(WORKER.indexOf('owner'), 'king')
    for (const [args, message] of [
      [[...bad, '--out', 'a.json'], /bad role: "king"/],
      [WORKER, /give --out <file>, or --peer-id <id>/],
      [[...WORKER, '--out', 'a.json', '--days', '-1'], /Expected a positive number of days/]
    ] as const) {
      const { code, stderr } = await authority('issue', ...args)
      assert.equal(code, 2)
      assert.match(stderr, message)
    }
  })

  it('prints a grant, or puts it into a credential in place of its older one', async () => {
    await json('issue', ...WORKER, '--grant', 'shop', '--out', 'a.json')
    const { certificate, verifier } = await open('a.json')
    const printed = (await authority('grant', '--app', 'shop', '--uid', 'anna')).stdout.trim()
    await verifyGrant({ token: printed }, { holderUid: 'anna', app: 'shop', verifier })

    await json('grant', '--app', 'bank', '--credential', 'a.json', '--days', '1')
    const { grant } = await json('grant', '--app', 'shop', '--credential', 'a.json')
    const { grants } = await readJson('a.json')
    assert.equal(grants.length, 2)
    assert.equal(grants[1].grant, grant)
    assert.equal(await modeOf('a.json'), 0o600)
    const held = { token: grants[0].grant as string }
    const bank = await verifyGrant(held, { holderUid: certificate.uid, app: 'bank', verifier })
    assert.equal(bank.expiresAt - bank.issuedAt, DAY_MS)
  })

  it('refuses to grant to nobody, to two, or into a credential of another network', async () => {
    await json('issue', ...WORKER, '--out', 'a.json')
    await json('init', '--network', 'other.example', '--dir', 'other')
    for (const [args, message] of [
      [[], /either --uid <uid> or --credential <file>/],
      [['--uid', 'anna', '--credential', 'a.json'], /either --uid <uid> or --credential <file>/],
      [
        ['--credential', 'a.json', '--dir', 'other'],
        /a\.json is of mesh\.example\.org; this authority is of other\.example/
      ]
    ] as const) {
      const { code, stderr } = await authority('grant', '--app', 'shop', ...args)
      assert.equal(code, 2)
      assert.match(stderr, message)
    }
  })

  it('revokes with a list whose version counts up, and hands it to a file and a credential', async () => {
    const { peerId } = await json('issue', ...WORKER, '--out', 'a.json')
    const first = await json('revoke', peerId, '--out', 'list.jws', '--credential', 'a.json')
    const second = await json('revoke', 'uid:mallory')
    assert.deepEqual([first.version, second.version], [1, 2])
    assert.deepEqual(Object.keys(second.revoked), [peerId, 'uid:mallory'])
    assert.equal(await readFile(join(cwd, 'list.jws'), 'utf8'), `${first.list}\n`)
    assert.equal(await modeOf('.nexus/authority.json'), 0o600)
    const { code, stderr } = await nexus(['whoami', '--credential', 'a.json'], { cwd })
    assert.equal(code, 5)
    assert.match(stderr, /^nexus: REFUSED: REVOKED: /)
  })

  it('changes in a credential file what it says, and nothing else', async () => {
    await json('issue', ...WORKER, '--out', 'a.json')
    const file = { ...(await readJson('a.json')), authority: 'https://authority.example', secret: 'abc', note: 'mine' }
    await writeFile(join(cwd, 'a.json'), JSON.stringify(file))
    const { grant } = await json('grant', '--app', 'shop', '--credential', 'a.json')
    const { list } = await json('revoke', 'uid:mallory', '--credential', 'a.json')
    assert.deepEqual(await readJson('a.json'), { ...file, grants: [{ grant }], revocations: list })
  })

  it('revokes nobody when the list has no place to go', async () => {
    await json('issue', ...WORKER, '--out', 'a.json')
    await json('init', '--network', NETWORK, '--dir', 'other')
    await json('issue', ...WORKER, '--dir', 'other', '--out', 'other.json')
    const before = await Promise.all([readJson('a.json'), readJson('.nexus/authority.json')])
    for (const [flag, file] of [
      ['--out', 'a.json'],
      ['--out', '.nexus/authority.json'],
      ['--credential', 'nowhere.json'],
      ['--credential', 'other.json']
    ] as const) {
      assert.equal((await authority('revoke', 'uid:mallory', flag, file)).code, 2, `${flag} ${file}`)
    }
    assert.deepEqual(await Promise.all([readJson('a.json'), readJson('.nexus/authority.json')]), before)

    await json('revoke', 'uid:mallory', '--out', 'list.jws')
    const { list } = await json('revoke', 'uid:eve', '--out', 'list.jws')
    assert.equal(await readFile(join(cwd, 'list.jws'), 'utf8'), `${list}\n`)
  })

  it('changes nothing for a subject that is none', async () => {
    const before = await readJson('.nexus/authority.json')
    assert.equal((await authority('revoke', 'uid:mallory', 'nobody')).code, 2)
    assert.deepEqual(await readJson('.nexus/authority.json'), before)
  })

  it('shows the network and who is revoked, and never the key', async () => {
    await json('revoke', 'uid:mallory')
    const [text, shown] = [await authority('show'), await json('show')]
    const { key } = await readJson('.nexus/authority.json')
    assert.equal(shown.network, NETWORK)
    assert.deepEqual([shown.revocations.version, Object.keys(shown.revocations.revoked)], [1, ['uid:mallory']])
    assert.match(text.stdout, /^revoked +uid:mallory/m)
    assert.ok(!text.stdout.includes(key) && !JSON.stringify(shown).includes(key))
  })

  it('says which file is damaged', async () => {
    await writeFile(join(cwd, '.nexus/authority.json'), '{')
    const { code, stderr } = await authority('show')
    assert.equal(code, 2)
    assert.match(stderr, /authority \.nexus\/authority\.json is no JSON/)
    await writeFile(join(cwd, '.nexus/authority.json'), '{}')
    const other = await authority('show')
    assert.match(
      other.stderr,
      /\.nexus\/authority\.json is no authority: authority\.version: it is missing .*authority init/
    )
  })
})
