// Calls until each of the two workers has answered, and ends.
import { setTimeout as sleep } from 'node:timers/promises'
import { createNexus } from 'nexus-mesh'

const nexus = await createNexus({
  credential: process.env.NEXUS_CREDENTIAL,
  bootstrap: process.env.NEXUS_BOOTSTRAP.split(','),
  waitForBootstrap: true,
  signal: AbortSignal.timeout(60_000)
})
const answered = new Set()

while (answered.size < 2) {
  // A worker that starts now is there soon.
  await nexus.api({ app: 'etest', cmd: 'who' }).then(
    (worker) => answered.add(worker),
    ({ message }) => console.error(message)
  )
  await sleep(100)
}

console.log(`answered: ${[...answered].sort().join(', ')}`)
await nexus.stop()
