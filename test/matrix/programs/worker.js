import { Authority, createCredential, createNexus, generateKey, peerIdOf } from 'nexus-mesh'
import { App } from 'nexus-mesh/bridge'

main()

async function main() {
  const authority = await Authority.create({ network: 'mesh.example' })
  const key = await generateKey()
  const who = { app: 'etest', uid: 'anna', role: 'owner', block: 'worker', resource: 'bundled' }
  const certificate = await authority.issueCertificate({ ...who, peerId: peerIdOf(key) })
  const credential = createCredential({ network: authority.network, key, certificate, roots: [authority.rootId] })
  const nexus = await createNexus({ credential, listen: ['/ip4/127.0.0.1/tcp/0'] })
  console.log(nexus.identity.jid, typeof App.Init)
  await createNexus({ credential, webrtc: true, listen: [] }).catch(({ code, message }) => console.log(code, message))
  await nexus.stop()
}
