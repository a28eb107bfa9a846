// Sends a direct to a worker of an app.
import { App } from 'nexus-mesh/bridge'

await App.Init(false)
await App.Connect()

const answer = await nexus.direct({ app: 'calc', body: { order: 66 } })
console.log(answer.code === 0 ? 'taken' : answer.msg)
await App.stop()
process.exit()
