import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { readCredentialFile } from '../../../src/node/runtime/credential-file.ts'
import { TestAuthority } from '../../authority/support/service.ts'
import { LOOPBACK_TCP } from '../../support/mesh.ts'
import { BlockProcess } from '../../support/process.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../../support/temporary-directory.ts'

/** Each is a process: `ENROL_KILLS=20 npx mocha test/node/enrol/kill.spec.ts` is a long form. */
const KILLS = Number(process.env.ENROL_KILLS ?? 3)

describe('a block that is killed while it enrols', function () {
  // Processes start.
  this.timeout(30_000 + KILLS * 15_000)
  let authority: TestAuthority

  afterEach(async () => {
    await authority.close()
    await removeTemporaryDirectories()
  })

  it(`leaves no half file, ${KILLS} times at another moment, and enrols with the key that it has then`, async () => {
    const folder = await temporaryDirectory()
    authority = await TestAuthority.start(folder)
    const credential = join(folder, 'block.json')
    const options = {
      authority: authority.origin,
      secret: await authority.secret(),
      credential,
      listen: [LOOPBACK_TCP]
    }
    let kept: string | undefined

    for (let count = 0; count < KILLS; count++) {
      const block = new BlockProcess()
      // It is loaded: what counts is where in its start it is killed.
      await block.run('received')
      const starting = block.run('start', options).catch(() => undefined)
      await delay((count * 70) / KILLS)
      await block.kill()
      await starting
      const { key } = existsSync(credential) ? await readCredentialFile(credential) : { key: undefined }
      // A key that was kept once stays.
      assert.ok(kept === undefined || key === kept, 'the key is another')
      kept = key
    }

    const block = new BlockProcess()
    const { peerId } = await block.run('start', options)
    await block.kill()
    const { body } = await authority.admin('GET', '/certificates')
    assert.ok(body.certificates.some(({ peer }: { peer: string }) => peer === peerId))
  })
})
