import assert from 'node:assert/strict'
import { NexusError } from '../../src/errors.ts'
import type { ApiHandler, Nexus } from '../../src/types.ts'
import { TestMesh } from '../support/mesh.ts'

describe('an error that a handler answers on purpose', () => {
  let mesh: TestMesh
  let worker: Nexus
  let caller: Nexus
  let failures: unknown[]

  before(async () => {
    mesh = await TestMesh.create()
    worker = await mesh.block({}, { onHandlerError: (error) => failures.push(error) })
    caller = await mesh.block({ block: 'device' }, { bootstrap: worker.addresses })
  })

  beforeEach(() => {
    failures = []
  })

  after(() => mesh.stop())

  /** What a caller gets from this handler: one elsewhere, or the worker itself. */
  async function failureOf(handler: ApiHandler, from = caller): Promise<NexusError> {
    const end = worker.handle('it', handler)

    try {
      await from.api({ app: 'etest', cmd: 'it', timeoutMs: 10_000 })
    } catch (error) {
      assert.ok(error instanceof NexusError)
      return error
    } finally {
      end()
    }
    return assert.fail('it answered')
  }

  for (const who of ['another block', 'the worker itself']) {
    it(`comes to ${who} with its message and data, and not to onHandlerError`, async () => {
      const from = who === 'another block' ? caller : worker
      const data = { limit: 5, left: [0, 'ü'] }
      const sync = await failureOf(() => {
        throw new NexusError('APPLICATION', 'no credit left', { data })
      }, from)
      const later = await failureOf(async () => Promise.reject(new NexusError('APPLICATION', 'not now')), from)
      assert.deepEqual([sync.code, sync.message, sync.data], ['APPLICATION', 'no credit left', data])
      assert.notEqual(sync.data, data)
      assert.deepEqual([later.code, later.message, later.data], ['APPLICATION', 'not now', undefined])
      assert.equal(sync.retryable, false)
      assert.deepEqual(failures, [])
    })
  }

  it('is no other code, nor one that another block answered and nobody caught', async () => {
    const other = await failureOf(() => {
      throw new NexusError('BUSY', 'secret', { data: 1 })
    })
    assert.deepEqual([other.code, other.data], ['HANDLER_FAILED', undefined])
    worker.handle('inner', () => {
      throw new NexusError('APPLICATION', 'secret', { data: 'secret' })
    })
    const passed = await failureOf(() => worker.api({ app: 'etest', cmd: 'inner' }))
    assert.deepEqual([passed.code, passed.data], ['HANDLER_FAILED', undefined])
    assert.doesNotMatch(passed.message, /secret/)
    assert.equal(failures.length, 2)
  })

  it('is HANDLER_FAILED with data that cannot be sent, or is over 16 KiB, and tells onHandlerError', async () => {
    for (const data of [1n, 'x'.repeat(16 * 1024)]) {
      const { code, message } = await failureOf(() => {
        throw new NexusError('APPLICATION', 'no', { data })
      })
      assert.equal(code, 'HANDLER_FAILED')
      assert.match(message, /the data of the error of 'it' cannot be sent/)
    }
    assert.equal(failures.length, 2)
    const { data } = await failureOf(() => {
      throw new NexusError('APPLICATION', 'x'.repeat(2_000), { data: 'x'.repeat(16 * 1024 - 2) })
    })
    assert.equal(String(data).length, 16 * 1024 - 2)
  })
})
