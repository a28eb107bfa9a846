import assert from 'node:assert/strict'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { RevocationStore } from '../../src/authority/store/revocation-list.ts'
import { openStore } from '../../src/authority/store/store.ts'
import { issueCredential } from '../../src/cli/issue-credential.ts'
import { Authority } from '../../src/identity/authority.ts'
import { type Credential, openCredential, parseCredential } from '../../src/identity/credential.ts'
import { writeCredentialFile } from '../../src/node/runtime/credential-file.ts'
import { type Ended, nexus } from '../support/nexus-program.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'

const DAY_MS = 24 * 60 * 60_000
const RELAY = { app: 'mesh', uid: 'operator', role: 'owner', block: 'relay', resource: 'relay1' } as const
const FLAGS = Object.entries(RELAY).flatMap(([name, value]) => [`--${name}`, value])

describe('nexus authority renew and list', function () {
  this.timeout(60_000)
  let cwd: string

  const authority = (...args: string[]): Promise<Ended> => nexus(['authority', ...args], { cwd })
  const json = async (...args: string[]): Promise<any> => {
    const { code, stdout, stderr } = await authority(...args, '--json')
    assert.equal(code, 0, stderr)
    return JSON.parse(stdout)
  }
  const readCredential = async (file: string): Promise<Credential> =>
    parseCredential(JSON.parse(await readFile(join(cwd, file), 'utf8')))
  const open = async (file: string) => openCredential(await readCredential(file), { clock: Date.now })

  /** A credential of the authority here, made so many days ago. */
  async function issueBefore(file: string, days: number, request = {}): Promise<void> {
    const root = JSON.parse(await readFile(join(cwd, '.nexus/authority.json'), 'utf8'))
    const before = Authority.fromJSON(root, { clock: () => Date.now() - days * DAY_MS })
    await writeCredentialFile(join(cwd, file), await issueCredential(before, { ...RELAY, ...request }))
  }

  beforeEach(async () => {
    cwd = await temporaryDirectory()
    await json('init', '--network', 'mesh.example.org')
  })

  after(removeTemporaryDirectories)

  it('gives a credential that has ended a new end, with the same key, subject, grants and time', async () => {
    await issueBefore('relay1.json', 20, { validForMs: 10 * DAY_MS, grants: ['shop'] })
    const before = await readCredential('relay1.json')
    await assert.rejects(open('relay1.json'), { reason: 'EXPIRED' })
    const renewed = await json('renew', 'relay1.json')
    const after = await readCredential('relay1.json')
    const { certificate } = await open('relay1.json')
    assert.deepEqual({ ...after, certificate: '' }, { ...before, certificate: '' })
    assert.equal(certificate.expiresAt - certificate.issuedAt, 10 * DAY_MS)
    const { jid, peerId, expiresAt } = certificate
    assert.equal(jid, 'mesh-operator-owner@mesh.example.org/relay1')
    assert.deepEqual(renewed, { jid, peerId, expires: new Date(expiresAt).toISOString(), path: 'relay1.json' })
    assert.equal((await stat(join(cwd, 'relay1.json'))).mode & 0o777, 0o600)
  })

  it('brings the newest revocation list, and warns of grants that end before', async () => {
    await issueBefore('relay1.json', 0, { grants: ['shop'] })
    const { list } = await json('revoke', 'uid:mallory')
    const { code, stderr } = await authority('renew', 'relay1.json', '--days', '400')
    assert.equal(code, 0)
    assert.match(stderr, /^nexus: warning: the grant of shop ends before, .*: nexus authority grant --app shop --cred/)
    const { certificate } = await open('relay1.json')
    assert.equal(certificate.expiresAt - certificate.issuedAt, 400 * DAY_MS)
    assert.equal((await readCredential('relay1.json')).revocations, list)
  })

  it('renews nothing of another root, nothing that is revoked, and nothing that a service gave', async () => {
    await issueBefore('revoked.json', 1)
    const { peerId } = (await open('revoked.json')).certificate
    await json('revoke', peerId)
    const stranger = await Authority.create({ network: 'mesh.example.org' })
    await writeCredentialFile(join(cwd, 'strange.json'), await issueCredential(stranger, RELAY))
    const served = { ...(await readCredential('revoked.json')), authority: 'https://authority.example' }
    await writeFile(join(cwd, 'served.json'), JSON.stringify(served))

    for (const [file, code, message] of [
      ['revoked.json', 2, /revoked\.json is revoked/],
      ['strange.json', 2, /strange\.json is of another root key than this authority/],
      ['served.json', 2, /served\.json was given by https:\/\/authority\.example: its block renews it/],
      ['nowhere.json', 2, /nowhere\.json cannot be read: there is no such file/]
    ] as const) {
      const before = await readFile(join(cwd, file), 'utf8').catch(() => undefined)
      const ended = await authority('renew', file)
      assert.equal(ended.code, code, ended.stderr)
      assert.match(ended.stderr, message)
      assert.equal(await readFile(join(cwd, file), 'utf8').catch(() => undefined), before)
    }
  })

  it('knows whom the service of its directory has revoked', async () => {
    const { rootId: root } = await json('show')
    await json('issue', ...FLAGS, '--out', 'relay1.json')
    const store = await openStore(join(cwd, '.nexus/authority.db'), { network: 'mesh.example.org', root })
    const now = Math.ceil(Date.now() / 1000)
    new RevocationStore(store.database).put({ version: 3, issuedAt: now, revoked: { 'uid:operator': now + 1 } })
    store.database.close()
    assert.deepEqual(
      (await json('list')).map(({ state }: any) => state),
      ['revoked']
    )
    assert.match((await authority('renew', 'relay1.json')).stderr, /relay1\.json is revoked/)
  })

  it('lists the newest certificate of each block with its end, those that end first before', async () => {
    assert.deepEqual(await json('list'), [])
    const first = await json('issue', ...FLAGS, '--out', 'relay1.json')
    const worker = FLAGS.with(FLAGS.indexOf('relay'), 'worker').with(FLAGS.indexOf('operator'), 'anna')
    const { peerId } = await json('issue', ...worker, '--days', '60', '--out', 'anna.json')
    const list = join(cwd, '.nexus/issued.jsonl')
    const line = JSON.parse((await readFile(list, 'utf8')).split('\n')[0]!)
    const ended = { ...line, jid: 'mesh-operator-owner@mesh.example.org/old', expiresAt: Date.now() - 1 }
    await writeFile(list, `${JSON.stringify(ended)}\n`, { flag: 'a' })
    const renewed = await json('renew', 'relay1.json', '--days', '90')
    await json('revoke', 'uid:anna')

    const shown = await json('list')
    assert.deepEqual(
      shown.map(({ state, jid, path }: any) => [state, jid.split('/')[1], path]),
      [
        ['ended', 'old', 'relay1.json'],
        ['revoked', 'relay1', 'anna.json'],
        ['holds', 'relay1', 'relay1.json']
      ]
    )
    assert.deepEqual([shown[1].peerId, shown[2].peerId, shown[2].expires], [peerId, first.peerId, renewed.expires])
    assert.equal((await stat(list)).mode & 0o777, 0o600)
    assert.doesNotMatch(await readFile(list, 'utf8'), new RegExp((await readCredential('relay1.json')).key))

    await writeFile(list, '{"jid":7}\n', { flag: 'a' })
    const damaged = await authority('list')
    assert.equal(damaged.code, 2)
    assert.match(damaged.stderr, /issued\.jsonl, line 5 is damaged: record\./)
  })

  it('lists what is for the keys of others too', async () => {
    await issueBefore('relay1.json', 0)
    const { peerId } = (await open('relay1.json')).certificate
    await json('issue', ...FLAGS, '--days', '9', '--peer-id', peerId)
    const { stdout } = await authority('list')
    assert.match(stdout, /^ENDS +STATE +JID +BLOCK +FILE\n\S+ +holds +mesh-operator-owner@\S+ +relay *\n$/)
  })

  it('is what whoami advises before the end', async () => {
    await issueBefore('soon.json', 25)
    await issueBefore('later.json', 19)
    const [soon, later] = await Promise.all(
      ['soon.json', 'later.json'].map((file) => nexus(['whoami', '--credential', file], { cwd }))
    )
    assert.deepEqual([soon?.code, later?.code, later?.stderr], [0, 0, ''])
    assert.match(
      soon?.stderr ?? '',
      /^nexus: warning: the certificate ends in 5 days, on \S+: nexus authority renew soon\.json\n$/
    )
  })
})
