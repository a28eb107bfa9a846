// Talks on a channel, and prints what others say there.
import { App } from 'nexus-mesh/bridge'

await App.Init(false)
await App.Connect()

// What it says itself does not come here.
nexus.on.channel('lobby', ({ body, fromjid }) => console.log(`${fromjid} says ${body.text}`))

setInterval(() => nexus.sendtochannel('lobby', { text: 'hello from Node' }), 500)
console.log('ready')
