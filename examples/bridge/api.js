// Serves a command.
import { App } from 'nexus-mesh/bridge'

App.on('multiply', async ({ body, uid, role, servid }) => {
  console.log(`${uid} (${role}) asks for ${body.a} x ${body.b}, with the grant ${servid}`)
  return { code: 0, result: body.a * body.b }
})

await App.Init(false)
await App.Connect({ public: true })
console.log('ready')
