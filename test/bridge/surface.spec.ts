import assert from 'node:assert/strict'
import type { MessageSpecs } from '../../src/bridge/specs.ts'
import { BridgeSurface } from '../../src/bridge/surface.ts'
import { NexusError, type NexusErrorCode } from '../../src/errors.ts'
import type { Nexus } from '../../src/types.ts'
import { TestMesh } from '../support/mesh.ts'
import { waitFor } from '../support/wait-for.ts'

const numberOf = (code: NexusErrorCode): number => new NexusError(code, '').wireCode

describe('the global nexus of the bridge', function () {
  this.timeout(30_000)
  let mesh: TestMesh
  let anna: BridgeSurface
  let bro: BridgeSurface
  let annaJid: string
  let worker: Nexus
  const errors: unknown[] = []

  before(async () => {
    mesh = await TestMesh.create()
    const { addresses } = await mesh.relay()
    const [one, two] = [
      await mesh.block({ uid: 'anna' }, { bootstrap: addresses }),
      await mesh.block({ uid: 'anna' }, { bootstrap: addresses })
    ]
    worker = one
    annaJid = one.identity.jid
    anna = new BridgeSurface(one, (error) => errors.push(error))
    bro = new BridgeSurface(two, (error) => errors.push(error))
    await waitFor('each to find the other', async () => {
      const found = await bro.find({ app: 'etest' })
      return 'jids' in found && found.jids.includes(annaJid)
    })
  })

  after(() => mesh.stop())

  it('hands messages of others to callbacks of their channel, and all to msgreceiver', async () => {
    const heard: Array<[string, MessageSpecs]> = []
    const onChannel = anna.on.channel('room', (specs) => heard.push(['room', specs]))
    anna.on.direct((specs) => heard.push(['direct', specs]))
    anna.msgreceiver = (specs) => heard.push(['all', specs])
    assert.equal(await anna.subscribe('room'), 0)
    assert.deepEqual([...anna.channels], ['room'])
    assert.ok(anna.connected)

    assert.deepEqual(await anna.sendtochannel('room', { n: 1 }), { code: 0 })
    assert.deepEqual(await bro.sendtochannel('room', { n: 2 }), { code: 0 })
    assert.deepEqual(await bro.sendtojid(annaJid, { n: 3 }), { code: 0 })
    assert.deepEqual(await anna.sendtojid(annaJid, { n: 4 }), { code: 0 })
    await waitFor('four messages, those of others twice', () => heard.length === 6)
    const told = heard
      .map(([where, { body, channel, itsme, itsbro }]) => [where, body.n, channel, itsme, itsbro])
      .sort((a, b) => Number(a[1]) - Number(b[1]) || String(b[0]).localeCompare(String(a[0])))
    assert.deepEqual(told, [
      ['all', 1, 'room', true, false],
      ['room', 2, 'room', false, true],
      ['all', 2, 'room', false, true],
      ['direct', 3, null, false, false],
      ['all', 3, null, false, false],
      ['all', 4, null, true, false]
    ])

    anna.clearon(onChannel)
    anna.clearon('direct')
    await bro.sendtojid(annaJid, { n: 5 })
    await bro.sendtochannel('room', { n: 6 })
    await waitFor('msgreceiver alone', () => heard.length === 8)
    assert.deepEqual(
      heard.slice(6).map(([where]) => where),
      ['all', 'all']
    )
    assert.deepEqual(await anna.unsubscribe('room'), { code: 0 })
    assert.equal(anna.channels.size, 0)
    anna.msgreceiver = undefined
  })

  it('tells what a callback throws, and goes on', async () => {
    const heard: unknown[] = []
    anna.on.direct(() => {
      throw new Error('thrown')
    })
    anna.on.direct(async () => {
      throw new Error('rejected')
    })
    anna.on.direct(({ body }) => heard.push(body))
    assert.deepEqual(await bro.sendtojid(annaJid, { after: 'all' }), { code: 0 })
    await waitFor('all three to be told', () => errors.length === 2 && heard.length === 1)
    anna.clearon('all')
  })

  it('gives an error that a handler answers as a value, with its data', async () => {
    const end = worker.handle('refuse', () => {
      throw new NexusError('APPLICATION', 'no credit', { data: { left: 0 } })
    })
    assert.deepEqual(await bro.api({ app: 'etest', cmd: 'refuse', jid: annaJid }), {
      code: -502,
      msg: 'no credit',
      data: { left: 0 }
    })
    end()
  })

  it('gives failures as values', async () => {
    const cyclic: Record<string, unknown> = {}
    cyclic.self = cyclic
    const calls: Array<[NexusErrorCode, unknown]> = [
      ['INVALID', 'a text'],
      ['INVALID', 7],
      ['INVALID', new Uint8Array(2)],
      ['INVALID', { n: Number.NaN }],
      ['INVALID', cyclic],
      ['TOO_LARGE', { text: 'x'.repeat(5 * 1024 * 1024) }]
    ]

    for (const [code, body] of calls) {
      const failure = await bro.api({ app: 'etest', cmd: 'any', body })
      assert.deepEqual([failure.code, typeof failure.msg], [numberOf(code), 'string'])
    }

    assert.equal((await bro.api({ app: 'nobody', cmd: 'any' })).code, numberOf('NO_WORKER'))
    assert.equal((await bro.sendtojid('no jid', {})).code, numberOf('INVALID'))
    assert.equal((await bro.sendtochannel('', {})).code, numberOf('INVALID'))
    // The one that it has sent to.
    assert.deepEqual([...bro.channels], ['room'])
  })
})
