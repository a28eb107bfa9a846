// The server side of a website: answers its pages with what workers of other apps say.
import { App } from 'nexus-mesh/bridge'

App.rest.get('/product', async (request, response) => {
  const { a, b } = request.query
  response.json(await nexus.api({ app: 'calc', cmd: 'multiply', body: { a: Number(a), b: Number(b) } }))
})

App.rest.post('/order', async (request, response) => {
  // Without a resource any worker of the app may get it.
  const answer = await nexus.direct({ app: 'calc', resource: 'orders', body: request.body })
  await nexus.sendtochannel('lobby', { text: `${uid} has sold ${request.body.what}` })
  response.json(answer)
})

await App.Init(Number(process.env.PORT ?? 3000))
await App.Connect()
console.log('ready')
