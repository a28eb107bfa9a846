/** Two blocks, as their users have them: gate, grant, find, balancing and session. */
import { Authority } from '../../src/identity/authority.ts'
import { createCredential } from '../../src/identity/credential.ts'
import { generateKey, peerIdOf } from '../../src/identity/keys.ts'
import { createNexus } from '../../src/node/create.ts'
import { answerTo, type Kind, type Question } from './load.ts'

const NETWORK = 'bench.example'
/** A key each. */
const CALLERS = 10
/** Clients of this process so far. */
let opened = 0

export const nexusKind: Kind = {
  async serve() {
    const authority = await Authority.create({ network: NETWORK })
    const credential = await credentialOf(authority, { app: 'etest', uid: 'anna', role: 'owner' })
    const nexus = await createNexus({ credential, listen: ['/ip4/127.0.0.1/tcp/0'] })
    nexus.handle<Question>('multiply', ({ body }) => answerTo(body))
    nexus.handle('echo', ({ body }) => body)
    nexus.onDirect(() => undefined)
    const callers = Array.from({ length: CALLERS }, (_, index) =>
      credentialOf(authority, { app: 'shop', uid: `carl${index}`, role: 'user' })
    )
    return JSON.stringify({ credentials: await Promise.all(callers), bootstrap: nexus.addresses })
  },

  async open(address) {
    const { credentials, bootstrap } = JSON.parse(address)
    const nexus = await createNexus({ credential: credentials[opened++ % CALLERS], bootstrap, listen: [] })
    return {
      call: (body) => nexus.api({ app: 'etest', cmd: 'multiply', body: { ...body } }),
      bytes: (body) => nexus.api<Uint8Array>({ app: 'etest', cmd: 'echo', body }),
      direct: (body) => nexus.direct({ app: 'etest', body: { ...body } }),
      close: () => nexus.stop()
    }
  }
}

async function credentialOf(authority: Authority, who: { app: string; uid: string; role: 'owner' | 'user' }) {
  const key = await generateKey()
  const subject = { ...who, peerId: peerIdOf(key), block: 'worker', resource: 'default' } as const
  const grants = who.app === 'etest' ? [] : [{ grant: await authority.issueGrant({ uid: who.uid, app: 'etest' }) }]
  const certificate = await authority.issueCertificate(subject)
  return createCredential({ network: NETWORK, key, certificate, grants, roots: [authority.rootId] })
}
