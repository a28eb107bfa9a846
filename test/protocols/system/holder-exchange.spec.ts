import assert from 'node:assert/strict'
import { defaultLogger } from '@libp2p/logger'
import { NexusError } from '../../../src/errors.ts'
import { HolderExchange } from '../../../src/protocols/system/holder-exchange.ts'
import type { SystemCalls, SystemHandler } from '../../../src/protocols/system/system-calls.ts'
import type { Identity, Json } from '../../../src/types.ts'
import { FIRST, HOUR_MS, KEY, KeyNetwork, SECOND } from '../../support/key-network.ts'

const RELAY = { block: 'relay', peerId: 'another relay' } as Identity

describe('a key at two relays', () => {
  let network: KeyNetwork
  let exchange: HolderExchange
  let handler: SystemHandler
  /** What the other relay says. */
  let elsewhere: () => Promise<Json>

  beforeEach(() => {
    network = new KeyNetwork()
    elsewhere = async () => ({ stays: null })
    const system: SystemCalls = {
      serve: (_command, served) => {
        handler = served
      },
      call: () => elsewhere()
    }
    exchange = new HolderExchange({
      holders: network.holders,
      system,
      peers: () => [RELAY],
      now: () => network.time,
      log: defaultLogger().forComponent('nexus:test')
    })
    exchange.serve()
  })

  it('is of the one that was there longer', async () => {
    await network.join(FIRST)
    network.time += 10_000
    assert.equal(await exchange.contest(KEY, SECOND, 4_000), 'number 700')
    assert.equal(await exchange.contest(KEY, SECOND, 20_000), undefined)
    assert.deepEqual([network.connected, network.cuts], [undefined, 1])
  })

  it('is of the smaller number of two that came at once', async () => {
    await network.join(FIRST)
    network.time += 10_000
    assert.equal(await exchange.contest(KEY, FIRST + 1, 14_000), 'number 700')
    assert.equal(await exchange.contest(KEY, FIRST - 1, 6_000), undefined)
    assert.equal(network.cuts, 1)
  })

  it('is of the one elsewhere when the one here does not live', async () => {
    await network.join(FIRST)
    network.time += 10_000
    network.answers = false
    assert.equal(await exchange.contest(KEY, SECOND, 0), undefined)
  })

  it('is of the one here in the middle of its handshake, and the same block is no other', async () => {
    await network.holders.claim(KEY, FIRST)
    assert.equal(await exchange.contest(KEY, FIRST + 1, 0), 'another block')
    assert.equal(await exchange.contest(KEY, FIRST, HOUR_MS), undefined)
    assert.equal(network.asked, 0)
  })

  it('is refused to a newcomer who has another ahead of it elsewhere, which is cut off when that is heard late', async () => {
    elsewhere = async () => ({ stays: 'somebody' })
    assert.equal(await network.join(FIRST), 'somebody')
    assert.equal(network.cuts, 0)
    const { promise, resolve } = Promise.withResolvers<Json>()
    elsewhere = () => promise
    assert.equal(await network.join(SECOND), undefined)
    resolve({ stays: 'somebody' })
    await new Promise(setImmediate)
    assert.deepEqual([network.connected, network.cuts], [undefined, 1])
  })

  it('is free to a newcomer when other relays are of an earlier version, or say nothing', async () => {
    elsewhere = async () => Promise.reject(new NexusError('NO_HANDLER', 'no such system command: $holder'))
    assert.equal(await network.join(FIRST), undefined)
    network.connected = undefined
    elsewhere = async () => 'nonsense'
    assert.equal(await network.join(SECOND), undefined)
  })

  it('is asked after by relays alone, with what is one', async () => {
    const { signal } = new AbortController()
    const ask = async (body: Json, block: Identity['block']): Promise<string> =>
      Promise.resolve(handler(body, { ...RELAY, block }, signal)).then(
        () => 'answered',
        ({ code }: NexusError) => code
      )
    const peer = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'
    assert.equal(await ask({ peer, instance: 1, ageMs: 0 }, 'relay'), 'answered')
    assert.equal(await ask({ peer, instance: 1, ageMs: 0 }, 'worker').catch(({ code }) => code), 'FORBIDDEN')

    const bodies: Json[] = [
      null,
      {},
      { peer, instance: 1 },
      { peer: 'x', instance: 1, ageMs: 0 },
      { peer, instance: -1, ageMs: 0 }
    ]

    for (const bad of bodies) {
      assert.equal(await ask(bad, 'relay').catch(({ code }) => code), 'INVALID', JSON.stringify(bad))
    }
  })
})
