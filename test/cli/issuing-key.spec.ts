import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openCredential, parseCredential } from '../../src/identity/credential.ts'
import { type Ended, NexusProgram, nexus } from '../support/nexus-program.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'

const WORKER = ['--app', 'etest', '--uid', 'anna', '--role', 'owner', '--block', 'worker', '--resource', 'default']
const SEALED = { NEXUS_AUTHORITY_PASSPHRASE: 'correct horse' }

describe('nexus authority issuer', function () {
  // Processes of the command line.
  this.timeout(60_000)
  let cwd: string

  const authority = (args: string[], env: Record<string, string> = {}): Promise<Ended> =>
    nexus(['authority', ...args], { cwd, env })
  const json = async (args: string[], env?: Record<string, string>): Promise<any> => {
    const { code, stdout, stderr } = await authority([...args, '--json'], env)
    assert.equal(code, 0, stderr)
    return JSON.parse(stdout)
  }
  const readJson = async (file: string): Promise<any> => JSON.parse(await readFile(join(cwd, file), 'utf8'))

  beforeEach(async () => {
    cwd = await temporaryDirectory()
    await json(['init', '--network', 'mesh.example.org'])
  })

  after(removeTemporaryDirectories)

  it('makes a key with which credentials are made that hold where the root is trusted', async () => {
    const { rootId, issuer } = await json(['issuer', '--to', 'service', '--app', 'etest', '--days', '30'])
    await json(['issue', '--dir', 'service', ...WORKER, '--grant', 'etest', '--out', 'anna.json'])
    const credential = parseCredential(await readJson('anna.json'))
    assert.deepEqual(credential.roots, [rootId])
    const { certificate } = await openCredential(credential, { clock: Date.now })
    assert.equal(certificate.issuer?.peerId, issuer)

    await json(['revoke', '--dir', 'service', 'uid:mallory', '--credential', 'anna.json'])
    await json(['renew', '--dir', 'service', 'anna.json'])
    const { moreRevocations, revocations } = await readJson('anna.json')
    assert.deepEqual([moreRevocations.length, revocations], [1, undefined])
    assert.equal((await json(['show', '--dir', 'service'])).issuer, issuer)

    const shop = WORKER.map((one) => (one === 'etest' ? 'shop' : one))
    const refused = await authority(['issue', '--dir', 'service', ...shop, '--out', 'shop.json'])
    assert.equal(refused.code, 2)
    assert.match(refused.stderr, /may not sign for shop/)
  })

  it('seals it with the passphrase of the environment, and says when that is missing or wrong', async () => {
    await json(['issuer', '--to', 'service'], SEALED)
    const { key } = await readJson('service/authority.json')
    assert.match(key.sealed, /^[\w+/]+=*$/)
    const missing = await authority(['show', '--dir', 'service'])
    assert.deepEqual([missing.code, /sealed: set NEXUS_AUTHORITY_PASSPHRASE/.test(missing.stderr)], [2, true])
    const wrong = await authority(['show', '--dir', 'service'], { NEXUS_AUTHORITY_PASSPHRASE: 'wrong' })
    assert.deepEqual([wrong.code, /another passphrase/.test(wrong.stderr)], [2, true])
    // What changes the file leaves the key as it is there.
    await json(['revoke', '--dir', 'service', 'uid:mallory'], SEALED)
    const after = await readJson('service/authority.json')
    assert.deepEqual([after.key, after.revocations.version], [key, 1])
  })

  it('takes a key that the file does not have from the environment', async () => {
    await json(['issuer', '--to', 'service'])
    const { key, ...others } = await readJson('service/authority.json')
    await writeFile(join(cwd, 'service/authority.json'), JSON.stringify(others))
    const missing = await authority(['show', '--dir', 'service'])
    assert.deepEqual([missing.code, /no key: set NEXUS_AUTHORITY_KEY/.test(missing.stderr)], [2, true])
    await json(['revoke', '--dir', 'service', 'uid:mallory'], { NEXUS_AUTHORITY_KEY: key })
    assert.deepEqual(Object.keys(await readJson('service/authority.json')).includes('key'), false)
  })

  it('does not replace an authority without --force, and is made with a root key alone', async () => {
    await json(['issuer', '--to', 'service'])
    const again = await authority(['issuer', '--to', 'service'])
    assert.deepEqual([again.code, /--force replaces it/.test(again.stderr)], [2, true])
    const nested = await authority(['issuer', '--dir', 'service', '--to', 'other'])
    assert.deepEqual([nested.code, /certifies no other/.test(nested.stderr)], [2, true])
    await json(['issuer', '--to', 'service', '--force'])
  })

  it('serves with it, and the root key is nowhere near', async () => {
    const { issuer } = await json(['issuer', '--to', 'service'], SEALED)
    const program = new NexusProgram(['authority', 'serve', '--dir', 'service', '--port', '0', '--json'], {
      cwd,
      env: SEALED
    })

    try {
      const [line] = await program.printed('stdout', /\{.*"ready".*\}/)
      assert.equal(JSON.parse(line).issuer, issuer)
    } finally {
      program.kill('SIGTERM')
      await program.ended
    }
  })
})
