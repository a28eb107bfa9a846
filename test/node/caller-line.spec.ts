import assert from 'node:assert/strict'
import { createNexus, type Nexus, NexusError } from '../../src/index.ts'
import { CallSites } from '../../src/node/call-sites.ts'
import { LOOPBACK_TCP, TestMesh } from '../support/mesh.ts'

const HERE = new URL(import.meta.url).pathname

/** More calls than call sites are taken down of in a second. */
const MANY = 300

async function failureOf(call: Promise<unknown>): Promise<NexusError> {
  try {
    await call
  } catch (error) {
    assert.ok(error instanceof NexusError, String(error))
    return error
  }

  return assert.fail('it did not fail')
}

describe('the stack of what a call fails with', function () {
  this.timeout(30_000)
  let mesh: TestMesh
  let worker: Nexus
  let caller: Nexus

  before(async () => {
    mesh = await TestMesh.create()
    worker = await mesh.block({}, { onHandlerError: () => undefined })
    worker.handle('fail', () => {
      throw new Error('no')
    })
    caller = await mesh.block(
      { app: 'shop', uid: 'carl', role: 'user', grants: ['etest'] },
      { listen: [], bootstrap: worker.addresses.slice(0, 1) }
    )
  })

  after(() => mesh.stop())

  const fail = (): Promise<unknown> => caller.api({ app: 'etest', cmd: 'fail' })

  const assertNames = (error: NexusError, what: RegExp): void => {
    const lines = (error.stack ?? '').split('\n').filter((line) => line.includes(HERE))
    assert.ok(
      lines.some((line) => what.test(line)),
      error.stack
    )
  }

  it('names the line of the caller, wherever it failed', async () => {
    const calls: Record<string, () => Promise<unknown>> = {
      'at the worker': fail,
      'before it was sent': () => caller.api({ app: 'etest', cmd: '' }),
      'with nobody there': () => caller.api({ app: 'nobody', cmd: 'x' }),
      'as a direct': () => caller.direct({ app: 'etest' }),
      'as a find': () => caller.find({ app: 'Not an app' }),
      'as a publish': () => caller.publish('', 1),
      'as a subscribe': () => caller.subscribe('', () => undefined),
      'as a start': () => createNexus({ credential: 'nowhere.json' }),
      'by time': () => caller.api({ app: 'nobody', cmd: 'x', timeoutMs: 1 })
    }

    for (const [how, call] of Object.entries(calls)) {
      assertNames(await failureOf(call()), new RegExp(`at (Object.)?(${how}|fail) `))
    }
  })

  it('names it also where nobody awaits', async () => {
    const error = await new Promise<NexusError>((resolve) => {
      fail().catch(resolve)
    })
    assertNames(error, /at fail /)
  })

  it('names who awaits when there are too many calls to take each down', async () => {
    async function awaiting(): Promise<NexusError> {
      try {
        await fail()
      } catch (error) {
        return error as NexusError
      }

      return assert.fail('it did not fail')
    }
    const errors = await Promise.all(Array.from({ length: MANY }, awaiting))

    for (const error of errors) {
      assertNames(error, /at (async )?(awaiting|fail) /)
    }
  })

  it("is each call's own, and code, message and cause are those of the failure", async () => {
    async function one(): Promise<unknown> {
      return await nowhere.api({ app: 'etest', cmd: 'x', timeoutMs: 300 })
    }
    async function other(): Promise<unknown> {
      return await nowhere.api({ app: 'etest', cmd: 'x', timeoutMs: 300 })
    }
    const nowhere = await mesh.block({ resource: 'nowhere' }, { listen: [LOOPBACK_TCP] })
    await mesh.drop(nowhere)
    const [first, second] = await Promise.all([failureOf(one()), failureOf(other())])
    assertNames(first, /at (async )?one /)
    assertNames(second, /at (async )?other /)
    assert.doesNotMatch(second.stack ?? '', /at (async )?one /)
    assert.deepEqual([first.code, first.message], ['STOPPED', 'this block was stopped'])
  })

  it('says the same as the failure itself', async () => {
    const cause = new Error('the inside')
    const error = new NexusError('REFUSED', 'no', { reason: 'EXPIRED', cause })
    const sites = new CallSites()
    const failing = (what: unknown): Promise<unknown> =>
      sites.run(failing, () => {
        throw what
      })
    const copy = await failureOf(failing(error))
    assert.notEqual(copy, error, 'each caller has its own')
    assert.deepEqual([copy.code, copy.message, copy.reason, copy.cause], ['REFUSED', 'no', 'EXPIRED', cause])
    assert.ok(copy.stack?.startsWith(error.stack ?? ''), 'where it was made stands first')
    await assert.rejects(failing(cause), (same) => same === cause, 'what is no NexusError stays')
  })
})
