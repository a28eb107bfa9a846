// Prints the directs that it gets.
import { App } from 'nexus-mesh/bridge'

await App.Init(false)
await App.Connect()

nexus.on.direct(({ body, fromjid }) => console.log(`${fromjid} sends ${JSON.stringify(body)}`))
console.log('ready')
