import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { decodeJwt } from 'jose'
import { requestCertificate } from '../../src/identity/enrolment.ts'
import { generateKey } from '../../src/identity/keys.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'
import { TestAuthority } from './support/service.ts'
import { ServiceProcess } from './support/service-process.ts'

const ROUNDS = 5
const CLIENTS = 4

describe('an authority service that is killed while blocks enrol', function () {
  // Five processes start one after the other, on the same database.
  this.timeout(60_000)

  after(removeTemporaryDirectories)

  it('has given no certificate that it does not know, and starts again', async () => {
    const folder = await temporaryDirectory()
    const given = new Set<string>()

    for (let round = 0; round < ROUNDS; round++) {
      const before = given.size
      const service = new ServiceProcess()
      const { origin, secret } = await service.run('start', folder)
      const clients = Array.from({ length: CLIENTS }, () => enrolUntilItEnds(origin, secret, given))
      while (given.size < before + 5) {
        await sleep(1)
      }
      await sleep(Math.random() * 50)
      await service.kill()
      await Promise.all(clients)
    }

    const authority = await TestAuthority.start(folder)
    const { certificates } = (await authority.admin('GET', '/certificates')).body
    const known = new Set<string>(certificates.map(({ id }: { id: string }) => id))
    assert.ok(given.size >= 5 * ROUNDS && known.size < 1_000, `${given.size} given, ${known.size} known`)
    assert.deepEqual(
      [...given].filter((id) => !known.has(id)),
      []
    )
    const audit = (await authority.admin('GET', '/audit?limit=1000')).body.audit
    const logged = new Set(audit.map(({ detail }: { detail: { certificate?: string } }) => detail.certificate))
    assert.deepEqual(
      [...known].filter((id) => !logged.has(id)),
      []
    )
    await authority.close()
  })
})

async function enrolUntilItEnds(origin: string, secret: string, given: Set<string>): Promise<void> {
  const ask = async (path: string, body?: object): Promise<any> => {
    const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
    return (await fetch(`${origin}${path}`, body === undefined ? {} : post)).json()
  }

  try {
    for (let count = 0; ; count++) {
      const key = await generateKey()
      const { nonce } = await ask('/nonce')
      const terms = { audience: origin, issuedAt: Date.now(), id: `${count}`, nonce, app: 'etest' }
      const { certificate } = await ask('/enroll', { request: await requestCertificate(key, terms), secret })
      given.add(decodeJwt(certificate).jti!)
    }
  } catch {
    // It was killed.
  }
}
