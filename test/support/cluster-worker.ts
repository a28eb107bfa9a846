/** A worker of a cluster (node:cluster). What it is given says as whom it joins; it tells where it listens. */
import { createNexus } from '../../src/node/create.ts'

const { credential, listen } = JSON.parse(process.argv[2]!)

try {
  const nexus = await createNexus({
    credential,
    ...(listen === undefined ? {} : { listen }),
    handlers: { who: () => process.pid }
  })
  process.send!({ peerId: nexus.identity.peerId, addresses: nexus.addresses, pid: process.pid })
} catch (error) {
  const { code, message } = error as { code?: string; message: string }
  process.send!({ code, message })
}
