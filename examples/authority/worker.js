// A worker that is told nothing but NEXUS_AUTHORITY and SERVICE_SECRET. It greets every other worker of its app.
import { setTimeout as sleep } from 'node:timers/promises'
import { createNexus } from 'nexus-mesh'

const nexus = await createNexus({
  handlers: { hello: ({ from }) => `hello ${from.resource}, here is Node process ${process.pid}` }
})
const { app, jid, peerId } = nexus.identity
console.log(`ready ${jid} ${peerId}`)

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => void nexus.stop().then(() => process.exit()))
}

const greeted = new Set([peerId])

while (true) {
  for (const { peerId: peer } of await nexus.find({ app })) {
    if (!greeted.has(peer)) {
      const answer = await nexus.api({ app, peer, cmd: 'hello' })
      greeted.add(peer)
      console.log(`answered: ${answer}`)
    }
  }

  await sleep(300)
}
