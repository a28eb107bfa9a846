/** A worker that does what each line of stdin says, and prints what came of it: see `scenario.json`. */
import { createInterface } from 'node:readline'
import { App } from '../../src/bridge/index.ts'

const tell = (told: object): void => void process.stdout.write(`${JSON.stringify(told)}\n`)

App.on('echo', ({ body }) => ({ code: 0, body }))
App.on('who', ({ app, uid, role, resource, servid, servsecret }) => ({
  code: 0,
  jid: `${app}-${uid}-${role}@test.nexus.example/${resource}`,
  role,
  app,
  servid,
  servsecret
}))
App.on('fail', () => {
  throw new Error('as it should')
})
App.on(
  'slow',
  ({ signal }) =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        tell({ event: 'cancelled' })
        reject(signal.reason)
      })
    })
)
await App.Connect()
await nexus.subscribe('room')
// Own messages come here alone: the scenario is played with itself too.
nexus.msgreceiver = ({ body, fromjid, channel }) =>
  tell({ event: channel === null ? 'direct' : 'channel', body, fromjid, channel })
tell({ event: 'ready' })

for await (const line of createInterface({ input: process.stdin })) {
  const { do: what, args } = JSON.parse(line)
  const { bytes, channel, ...call } = args
  const body = bytes === undefined ? call.body : { text: 'x'.repeat(bytes) }
  const work = {
    api: () => nexus.api({ ...call, body }),
    cancel: () => nexus.api({ ...call, body, signal: AbortSignal.timeout(300) }),
    direct: () => nexus.direct({ ...call, body }),
    find: () => nexus.find(call),
    sendtochannel: () => nexus.sendtochannel(channel, body)
  }[what as 'api' | 'cancel' | 'direct' | 'find' | 'sendtochannel']
  tell({ event: 'result', result: await work() })
}

await App.stop()
process.exit()
