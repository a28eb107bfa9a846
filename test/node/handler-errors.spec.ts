import assert from 'node:assert/strict'
import { handlerErrorReporter } from '../../src/lib/handler-errors.ts'
import type { HandlerErrorContext, HandlerErrorListener, Nexus } from '../../src/types.ts'
import { TestMesh } from '../support/mesh.ts'
import { until } from '../support/until.ts'

describe('what a handler throws', () => {
  let mesh: TestMesh
  let seen: Array<{ error: unknown; context: HandlerErrorContext }>

  const listen = (error: unknown, context: HandlerErrorContext): void => void seen.push({ error, context })

  const worker = async (
    options: { onHandlerError?: HandlerErrorListener } = { onHandlerError: listen }
  ): Promise<Nexus> => {
    mesh = await TestMesh.create()
    return mesh.block({}, options)
  }

  /** A handler that throws, one that gives a promise that is rejected, and what they fail with. */
  const failing = (what: string): Array<[error: Error, handler: () => unknown]> => {
    const [thrown, rejected] = [new Error(`${what} thrown`), new Error(`${what} rejected`)]
    return [
      [
        thrown,
        () => {
          throw thrown
        }
      ],
      [rejected, async () => Promise.reject(rejected)]
    ]
  }

  const assertSeen = async (error: unknown, context: HandlerErrorContext): Promise<void> => {
    await until(() => seen.some((one) => one.error === error), `${context.kind}: ${error}`)
    assert.deepEqual(seen.find((one) => one.error === error)?.context, context)
  }

  beforeEach(() => {
    seen = []
  })

  afterEach(async () => {
    await mesh?.stop()
  })

  it('goes to onHandlerError, with the command and the caller', async () => {
    const nexus = await worker()

    for (const [index, [error, handler]] of failing('api').entries()) {
      nexus.handle(`it${index}`, handler)
      await assert.rejects(nexus.api({ app: 'etest', cmd: `it${index}` }), { code: 'HANDLER_FAILED' })
      await assertSeen(error, { kind: 'api', cmd: `it${index}`, from: nexus.identity })
    }
    assert.equal(seen.length, 2)
  })

  it('is an answer that cannot be sent too', async () => {
    const nexus = await worker()
    nexus.handle('it', () => Number.NaN)
    await assert.rejects(nexus.api({ app: 'etest', cmd: 'it' }), { code: 'HANDLER_FAILED' })
    assert.match(String(seen[0]?.error), /NaN/)
    assert.equal(seen.length, 1)
    nexus.handle('user', async () => ({ user: Promise.resolve({ name: 'Ann' }) }))
    await assert.rejects(nexus.api({ app: 'etest', cmd: 'user' }), { code: 'HANDLER_FAILED', message: /\$\.user/ })
    assert.match(String(seen[1]?.error), /\$\.user is a Promise, which JSON does not carry: is an await missing\?/)
    assert.deepEqual(seen[1]?.context, { kind: 'api', cmd: 'user', from: nexus.identity })
  })

  it('is not what it sends and JSON would lose: that is told to who sends it, with the path', async () => {
    const nexus = await worker()
    nexus.handle('it', () => null)
    nexus.onDirect(() => undefined)
    const body = { list: [{ at: new Date(Number.NaN) }] }
    const refused = { code: 'INVALID', message: '$.list[0].at is an invalid Date, which JSON does not carry' }
    await assert.rejects(nexus.api({ app: 'etest', cmd: 'it', body }), refused)
    await assert.rejects(nexus.direct({ app: 'etest', body }), refused)
    await assert.rejects(nexus.publish('news', body), refused)
    assert.deepEqual(seen, [])
  })

  it('is not what it passes on because nobody waits any more', async () => {
    const nexus = await worker()
    const caller = new AbortController()
    nexus.handle('it', async ({ signal }) => {
      caller.abort()
      await until(() => signal.aborted, 'it is told')
      signal.throwIfAborted()
    })
    await assert.rejects(nexus.api({ app: 'etest', cmd: 'it', signal: caller.signal }), { code: 'CANCELLED' })
    nexus.handle('next', () => Promise.reject(new Error('next')))
    await assert.rejects(nexus.api({ app: 'etest', cmd: 'next' }), { code: 'HANDLER_FAILED' })
    assert.deepEqual(
      seen.map(({ error }) => String(error)),
      ['Error: next']
    )
  })

  it('goes there from directs and channels', async () => {
    const nexus = await worker()

    for (const [error, handler] of failing('direct')) {
      const end = nexus.onDirect(handler)
      await nexus.direct({ app: 'etest' })
      await assertSeen(error, { kind: 'direct', from: nexus.identity })
      end()
    }

    for (const [error, handler] of failing('channel')) {
      const { unsubscribe } = await nexus.subscribe('news', handler)
      await nexus.publish('news', 1)
      await assertSeen(error, { kind: 'channel', channel: 'news', from: nexus.identity })
      await unsubscribe()
    }
  })

  it('goes nowhere else, and to the console when nobody is named', async () => {
    const nexus = await worker({})
    const lines: unknown[][] = []
    const { error: print } = console
    console.error = (...args) => void lines.push(args)

    try {
      const [[error, handler] = assert.fail()] = failing('api')
      nexus.handle('it', handler)
      await assert.rejects(nexus.api({ app: 'etest', cmd: 'it' }), { code: 'HANDLER_FAILED' })
      assert.deepEqual(lines, [
        [`nexus: the handler of the command 'it', called by ${nexus.identity.jid}, failed:`, error]
      ])
    } finally {
      console.error = print
    }
  })

  it('does not end the process when onHandlerError fails too', async () => {
    const lines: string[] = []
    const { error: print } = console
    console.error = (...args) => void lines.push(args.map(String).join(' '))

    try {
      for (const listener of [() => assert.fail('sync'), () => Promise.reject(new Error('async'))]) {
        handlerErrorReporter(listener)(new Error('first'), { kind: 'status' })
      }
      await until(() => lines.length === 4, 'both are printed')
    } finally {
      console.error = print
    }
    assert.deepEqual(lines.sort(), [
      'nexus: onHandlerError failed: AssertionError [ERR_ASSERTION]: sync',
      'nexus: onHandlerError failed: Error: async',
      'nexus: the handler of the status failed: Error: first',
      'nexus: the handler of the status failed: Error: first'
    ])
  })

  it('may be no error, or one that cannot be shown', () => {
    const lines: string[] = []
    const { error: print } = console
    console.error = (...args) => {
      lines.push(args.map(String).join(' '))
    }
    const unshowable = {
      toString: () => {
        throw new Error('no')
      }
    }

    try {
      handlerErrorReporter()(undefined, { kind: 'status' })
      handlerErrorReporter()(unshowable, { kind: 'status' })
    } finally {
      console.error = print
    }
    assert.deepEqual(lines, [
      'nexus: the handler of the status failed: undefined',
      'nexus: the handler of the status failed, with what cannot be shown'
    ])
  })
})
