/** A worker of the app `etest`: what the page calls. `npm run worker` starts it. */
import { createNexus } from 'nexus-mesh'

const nexus = await createNexus({
  handlers: { multiply: ({ body }) => ({ result: body.a * body.b }) }
})
console.log(`${nexus.identity.jid} serves multiply - Ctrl-C ends it`)
