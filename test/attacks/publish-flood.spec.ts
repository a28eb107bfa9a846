import assert from 'node:assert/strict'
import type { Nexus } from '../../src/types.ts'
import { CommandProcess } from '../support/command-process.ts'
import { LOOPBACK_TCP, TestMesh } from '../support/mesh.ts'
import { until } from '../support/until.ts'
import type { AttackerCommands } from './support/attacker-process.ts'
import { honestChannel } from './support/honest-channel.ts'
import type { ServerCommands } from './support/server-process.ts'

/** Of the 6,000 that are published at once. */
const UNDER_WAY = 200
const FEW = 100
const MESSAGES = 10
const CHANNEL = honestChannel(0)
const program = (name: string): string => new URL(`./support/${name}-process.ts`, import.meta.url).pathname

interface Body {
  /** -1: the flooder's. */
  from: number
  at: number
}

describe('one member that publishes thousands of messages at once', function () {
  this.timeout(60_000)
  let mesh: TestMesh
  let relay: CommandProcess<ServerCommands>
  let attacker: CommandProcess<AttackerCommands>
  let bootstrap: string[]

  before(async () => {
    mesh = await TestMesh.create()
    relay = new CommandProcess(program('server'))
    attacker = new CommandProcess(program('attacker'))
    const block = { app: 'relay', uid: 'operator', block: 'relay', resource: 'relay' } as const
    const credential = await mesh.network.credentialFor(block)
    bootstrap = await relay.run('startRelay', { credential, listen: [LOOPBACK_TCP] })
  })

  after(async () => {
    await mesh.stop()
    await Promise.all([relay.kill(), attacker.kill()])
  })

  const client = (uid: string): Promise<Nexus> =>
    mesh.block({ uid, role: 'user', block: 'device' }, { bootstrap, listen: [] })

  it('does not hold up others on its channel: theirs come while its own wait', async () => {
    const [publisher, subscriber] = [await client('anna'), await client('bob')]
    const heard: Body[] = []
    await subscriber.subscribe<Body>(CHANNEL, ({ body }) => heard.push(body))
    await attacker.run('begin', 'channel-flood', { relay: bootstrap, worker: [] })
    await until(() => heard.length >= UNDER_WAY, 'the flood to be under way', 40_000)
    const before: number[] = []

    for (let index = 0; index < MESSAGES; index++) {
      const count = heard.length
      const isIt = ({ from, at }: Body): boolean => from === 0 && at === index
      await publisher.publish(CHANNEL, { from: 0, at: index })
      await until(() => heard.some(isIt), `message ${index}`, 20_000)
      before.push(heard.findIndex(isIt) - count)
    }

    assert.ok(Math.max(...before) < FEW, `so many of the flood came before each message: ${before}`)
  })
})
