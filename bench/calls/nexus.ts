/** Two blocks, as their users have them: gate, grant, find, balancing and session. */
import { Authority } from '../../src/identity/authority.ts'
import { createCredential } from '../../src/identity/credential.ts'
import { generateKey, peerIdOf } from '../../src/identity/keys.ts'
import { createNexus } from '../../src/node/create.ts'
import { answerTo, type Kind, type Question } from './load.ts'

const NETWORK = 'bench.example'

export const nexusKind: Kind = {
  async serve() {
    const authority = await Authority.create({ network: NETWORK })
    const credential = await credentialOf(authority, { app: 'etest', uid: 'anna', role: 'owner' })
    const nexus = await createNexus({ credential, listen: ['/ip4/127.0.0.1/tcp/0'] })
    nexus.handle<Question>('multiply', ({ body }) => answerTo(body))
    const caller = await credentialOf(authority, { app: 'shop', uid: 'carl', role: 'user' })
    return JSON.stringify({ credential: caller, bootstrap: nexus.addresses })
  },

  async open(address) {
    const nexus = await createNexus({ ...JSON.parse(address), listen: [] })
    return {
      call: (body) => nexus.api({ app: 'etest', cmd: 'multiply', body: { ...body } }),
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
