import assert from 'node:assert/strict'
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Credential } from '../../../src/identity/credential.ts'
import {
  isReadableByOthers,
  readCredentialFile,
  readJsonFile,
  writeCredentialFile,
  writeSecretFile
} from '../../../src/node/runtime/credential-file.ts'
import { assertInvalid, testNetwork } from '../../support/identities.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../../support/temporary-directory.ts'

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777

describe('credential file', () => {
  let directory: string
  let path: string
  let credential: Credential

  before(async () => {
    const network = await testNetwork()
    await network.authority.revoke('uid:nobody')
    credential = await network.credentialFor({ grants: ['other'] })
  })

  beforeEach(async () => {
    directory = await temporaryDirectory()
    path = join(directory, 'credential.json')
  })

  after(removeTemporaryDirectories)

  it('gives the credential that was written', async () => {
    await writeCredentialFile(path, credential)
    assert.deepEqual(await readCredentialFile(path), credential)
  })

  it('may be read by its owner alone, whatever file was there before', async () => {
    await writeCredentialFile(path, credential)
    assert.equal(await modeOf(path), 0o600)
    await chmod(path, 0o644)
    assert.equal(await isReadableByOthers(path), true)
    await writeCredentialFile(path, credential)
    assert.equal(await modeOf(path), 0o600)
    assert.equal(await isReadableByOthers(path), false)
  })

  it('leaves nothing else behind', async () => {
    await Promise.all([writeCredentialFile(path, credential), writeCredentialFile(path, credential)])
    assert.deepEqual(await readdir(directory), ['credential.json'])
    assert.deepEqual(await readCredentialFile(path), credential)
  })

  it('stays as it was when a value cannot be written', async () => {
    await writeCredentialFile(path, credential)
    const cycle: { key: string; self?: unknown } = { key: credential.key }
    cycle.self = cycle
    await assert.rejects(writeSecretFile(path, cycle), TypeError)
    assert.deepEqual(await readCredentialFile(path), credential)
    assert.deepEqual(await readdir(directory), ['credential.json'])
  })

  it('takes the place of what holds no other key, or of all with force', async () => {
    const other = await (await testNetwork()).credentialFor({ uid: 'bob' })
    assert.notEqual(other.key, credential.key)

    for (const there of [JSON.stringify(other), 'a key of something else', 'null', '']) {
      await writeFile(path, there)
      await assertInvalid(/credential\.json is there already and does not hold the same key/, () =>
        writeCredentialFile(path, credential)
      )
      assert.equal(await readFile(path, 'utf8'), there)
      await writeCredentialFile(path, credential, { force: true })
      await writeCredentialFile(path, { ...credential, grants: [] })
      assert.deepEqual((await readCredentialFile(path)).grants, [])
    }
    assert.deepEqual(await readdir(directory), ['credential.json'])
  })

  it('needs a directory that is there', async () => {
    await assertInvalid(/cannot be written: there is no directory .*nowhere$/, () =>
      writeCredentialFile(join(directory, 'nowhere', 'a.json'), credential)
    )
  })

  it('leaves nothing behind when it cannot be put in place', async () => {
    await mkdir(join(path, 'not empty'), { recursive: true })
    await assert.rejects(writeCredentialFile(path, credential))
    assert.deepEqual(await readdir(directory), ['credential.json'])
  })

  it('is not written into the file that a link points to', async () => {
    const target = join(directory, 'elsewhere')
    await writeFile(target, 'as it was')
    await symlink(target, path)
    await writeCredentialFile(path, credential)
    assert.equal(await readFile(target, 'utf8'), 'as it was')
    assert.deepEqual(await readCredentialFile(path), credential)
  })

  describe('is refused with INVALID, naming it', () => {
    it('when there is none', () => assertInvalid(/credential\.json.*no such file/, () => readCredentialFile(path)))

    it('when it is no file', () => assertInvalid(/cannot be read/, () => readCredentialFile(directory)))

    it('when it is no JSON', async () => {
      await writeFile(path, '{')
      await assertInvalid(/credential\.json is no JSON/, () => readCredentialFile(path))
      await assertInvalid(/the authority .* is no JSON/, () => readJsonFile(path, 'authority'))
    })

    it('when it is no credential', async () => {
      await writeFile(path, JSON.stringify({ ...credential, network: 'No Network' }))
      const message =
        /credential\.json is no credential: credential\.network: bad network.* \(expected what nexus authority/
      await assertInvalid(message, () => readCredentialFile(path))
      await writeFile(path, '{}')
      await assertInvalid(/credential\.json is no credential: credential\.version: it is missing/, () =>
        readCredentialFile(path)
      )
    })
  })
})
