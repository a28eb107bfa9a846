import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createAuthority } from '../../src/authority/service.ts'
import { Authority } from '../../src/identity/authority.ts'
import { peerIdOf } from '../../src/identity/keys.ts'
import { alice, assertInvalid, bob } from '../support/identities.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'
import { TestAuthority, testRoot } from './support/service.ts'

const ORIGIN = 'https://authority.example'

describe('the database of an authority service', () => {
  let folder: string
  let database: string

  beforeEach(async () => {
    folder = await temporaryDirectory()
    database = join(folder, 'authority.db')
  })

  afterEach(removeTemporaryDirectories)

  /** Something that was used, and is closed. */
  const used = async (): Promise<void> => {
    const authority = await TestAuthority.start(folder)
    await authority.enroll(alice, await authority.secret())
    await authority.admin('POST', '/revocations', { uid: 'mallory' })
    await authority.close()
  }

  const open = async (path = database, authority?: Authority): Promise<void> =>
    (await createAuthority({ authority: authority ?? (await testRoot()), database: path, origin: ORIGIN })).close()

  /** It is refused, and as it was. */
  const refuses = async (message: RegExp, authority?: Authority): Promise<void> => {
    const before = readFileSync(database)
    await assertInvalid(message, () => open(database, authority))
    assert.deepEqual(readFileSync(database), before)
    // SQLite's own, which are empty.
    const others = readdirSync(folder).filter((name) => name !== 'authority.db' && !/\.db-(shm|wal)$/.test(name))
    assert.deepEqual(others, [])
  }

  it('keeps all of it, readable by its owner alone', async () => {
    await used()
    assert.equal(statSync(database).mode & 0o777, 0o600)
    const authority = await TestAuthority.start(folder)
    assert.equal((await authority.admin('GET', '/certificates')).body.certificates[0].peer, peerIdOf(alice))
    assert.equal((await authority.ask('GET', '/revocations')).body.version, 1)
    assert.equal((await authority.admin('POST', '/revocations', { uid: 'eve' })).body.version, 2)
    await authority.close()
  })

  it('is copied while it is used, into a new file', async () => {
    const authority = await TestAuthority.start(folder)
    await authority.enroll(alice, await authority.secret())
    const copy = join(folder, 'copy.db')
    await authority.served.service.backup(copy)
    await assertInvalid(/copy\.db is there already/, () => authority.served.service.backup(copy))
    await authority.enroll(bob, await authority.secret())
    await authority.close()
    const restored = new DatabaseSync(copy, { readOnly: true })
    assert.equal(restored.prepare('SELECT COUNT(*) AS count FROM certificates').get()?.count, 1)
    restored.close()
    await open(copy)
  })

  it('has an audit log that only grows', async () => {
    await used()
    const sqlite = new DatabaseSync(database)
    assert.throws(() => sqlite.exec('DELETE FROM audit'), /only grows/)
    assert.throws(() => sqlite.exec("UPDATE audit SET actor = 'nobody'"), /only grows/)
    sqlite.close()
  })

  describe('is refused, and not touched,', () => {
    beforeEach(used)

    it('when it is damaged', async () => {
      const bytes = readFileSync(database)
      bytes.fill(0xff, 4096, 8192)
      writeFileSync(database, bytes)
      await refuses(/authority\.db is damaged: .*nothing of it was changed; .* put a backup in the place/)
    })

    it('when it is cut off, or empty', async () => {
      truncateSync(database, 5_000)
      await refuses(/authority\.db is damaged/)
      truncateSync(database, 0)
      await refuses(/authority\.db is damaged: it is empty/)
    })

    it('when it is no database, or one of something else', async () => {
      writeFileSync(database, 'hello '.repeat(1_000))
      await refuses(/authority\.db is damaged: .*not a database/)
      writeFileSync(database, '')
      const other = new DatabaseSync(database)
      other.exec('CREATE TABLE notes (text TEXT)')
      other.close()
      await refuses(/is no database of an authority service/)
    })

    it('when it is of a later version', async () => {
      const sqlite = new DatabaseSync(database)
      sqlite.exec('PRAGMA user_version = 99')
      sqlite.exec('PRAGMA journal_mode = DELETE')
      sqlite.close()
      await refuses(/of a later version/)
    })

    it('when it is of another network or root', async () => {
      const other = await Authority.create({ network: 'other.example' })
      await assertInvalid(/is of test\.nexus\.example with the root/, () => open(database, other))
      const root = await Authority.create({ network: 'test.nexus.example' })
      await assertInvalid(/is of test\.nexus\.example with the root/, () => open(database, root))
    })
  })

  it('takes over what the authority has revoked by hand, before and later', async () => {
    const byHand = await testRoot()
    await byHand.revoke(peerIdOf(alice))
    await byHand.revoke(peerIdOf(bob))
    const version = async (authority: Authority): Promise<number> => {
      const service = await createAuthority({ authority, database, origin: ORIGIN })
      const answer = await service.fetch(new Request(`${ORIGIN}/revocations`))
      service.close()
      return ((await answer.json()) as { version: number }).version
    }
    // It says it again in its own form, once.
    assert.equal(await version(byHand), 3)
    assert.equal(await version(byHand), 3)
    assert.equal(await version(await testRoot()), 3)
    await byHand.revoke('uid:eve')
    assert.ok((await version(byHand)) > 3)
  })

  it('names an option that is wrong', async () => {
    const authority = await testRoot()
    const origin = 'https://authority.example/path'
    await assertInvalid(/^origin: expected scheme, host and port/, () =>
      createAuthority({ authority, database, origin })
    )
    const options = { authority, database, origin: ORIGIN, hots: 1 }
    await assertInvalid(/^there is no option 'hots'/, () => createAuthority(options))
  })
})
