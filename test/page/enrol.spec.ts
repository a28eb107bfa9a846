import { generateKey } from '../../src/identity/keys.ts'
import { enrol } from '../../src/page/enrol.ts'
import { assertCode } from '../support/calls.ts'
import { freePort } from '../support/free-port.ts'

describe('asking a site for a certificate', () => {
  it('says why the site does not answer', async () => {
    const url = new URL(`http://127.0.0.1:${await freePort()}/nexus/certificate`)
    const key = await generateKey()
    await assertCode('UNREACHABLE', () => enrol(url, key), /gives no certificate: .*ECONNREFUSED/)
  })
})
