// Finds the workers of an app, and calls each by its JID.
import { App } from 'nexus-mesh/bridge'

await App.Init(false)
await App.Connect()

const found = await nexus.find({ app: 'calc' })

for (const jid of found.code === 0 ? found.jids : []) {
  const { code, result, msg } = await nexus.api({ app: 'calc', jid, cmd: 'multiply', body: { a: 6, b: 7 } })
  console.log(`${jid}: ${code === 0 ? result : msg}`)
}

await App.stop()
process.exit()
