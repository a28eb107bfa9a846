// A worker, as the first process of a container. Compose names its credential and relay.
import { createNexus } from 'nexus-mesh'

const nexus = await createNexus({
  credential: process.env.NEXUS_CREDENTIAL,
  bootstrap: process.env.NEXUS_BOOTSTRAP.split(','),
  waitForBootstrap: true,
  handlers: { who: () => nexus.identity.resource }
})
process.once('SIGTERM', () => nexus.stop())
console.log(`${nexus.identity.jid} serves`)
