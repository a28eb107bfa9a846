import assert from 'node:assert/strict'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { writeCredentialFile } from '../../src/node/runtime/credential-file.ts'
import { ALICE_UID, BOB_UID, testNetwork } from '../support/identities.ts'
import { nexus } from '../support/nexus-program.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'

describe('nexus whoami', function () {
  this.timeout(60_000)
  let path: string

  beforeEach(async () => {
    path = join(await temporaryDirectory(), 'credential.json')
  })

  after(removeTemporaryDirectories)

  it('says what a credential proves', async () => {
    const network = await testNetwork()
    const foreign = await network.authority.issueGrant({ uid: BOB_UID, app: 'bank' })
    await writeCredentialFile(path, await network.credentialFor({ grants: ['shop', { grant: foreign }] }))
    const { code, stdout, stderr } = await nexus(['whoami', '--json', '--credential', path])
    assert.deepEqual([code, stderr], [0, ''])
    const shown = JSON.parse(stdout)
    assert.equal(shown.jid, `etest-${ALICE_UID}-owner@${network.network}/default`)
    assert.deepEqual([shown.app, shown.uid, shown.role, shown.block], ['etest', ALICE_UID, 'owner', 'worker'])
    assert.deepEqual(shown.roots, network.roots)
    assert.ok(Date.parse(shown.notBefore) < Date.now() && Date.parse(shown.expires) > Date.now())
    assert.deepEqual([shown.grants[0].app, shown.grants[0].valid], ['shop', true])
    assert.deepEqual([shown.grants[1].app, shown.grants[1].valid], ['bank', false])
    assert.match(shown.grants[1].problem, /^BAD_CLAIM: the grant is held by /)
  })

  it('reads for people, from NEXUS_CREDENTIAL too', async () => {
    const network = await testNetwork()
    await writeCredentialFile(path, await network.credentialFor({ grants: ['shop'] }))
    const { code, stdout } = await nexus(['whoami'], { env: { NEXUS_CREDENTIAL: path } })
    assert.equal(code, 0)
    assert.match(stdout, new RegExp(`^jid +etest-${ALICE_UID}-owner@`, 'm'))
    assert.match(stdout, /^grant +shop until /m)
  })

  it('never shows the key', async () => {
    const credential = await (await testNetwork()).credentialFor()
    await writeCredentialFile(path, credential)
    const outputs = await Promise.all(
      [[], ['--json'], ['--verbose']].map((flags) => nexus(['whoami', '--credential', path, ...flags]))
    )
    for (const { stdout, stderr } of outputs) {
      assert.ok(!`${stdout}${stderr}`.includes(credential.key))
    }
  })

  it('ends with 5 and the reason when the certificate is over', async () => {
    const longAgo = await testNetwork({ clock: () => Date.now() - 60 * 24 * 60 * 60_000 })
    await writeCredentialFile(path, await longAgo.credentialFor())
    const { code, stdout, stderr } = await nexus(['whoami', '--credential', path, '--json'])
    assert.equal(code, 5)
    assert.match(
      stderr,
      /^nexus: REFUSED: EXPIRED: the certificate ended at [^\n]+ \(nexus authority renew [^\n]+\)\n$/
    )
    const { error } = JSON.parse(stdout)
    assert.deepEqual([error.code, error.reason], ['REFUSED', 'EXPIRED'])
  })

  it('warns when others can read the file', async () => {
    await writeCredentialFile(path, await (await testNetwork()).credentialFor())
    await chmod(path, 0o644)
    const { code, stderr } = await nexus(['whoami', '--credential', path])
    assert.equal(code, 0)
    assert.match(stderr, /^nexus: warning: others can read .*: chmod 600 /)
  })
})
