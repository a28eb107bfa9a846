import assert from 'node:assert/strict'
import { defaultLogger } from '@libp2p/logger'
import { type NexusOptions, resolveOptions } from '../../src/node/options.ts'
import { assertInvalid } from '../support/identities.ts'

const credential = './credential.json'

describe('options', () => {
  it('get their defaults', () => {
    assert.deepEqual(resolveOptions({ credential }), {
      credential,
      bootstrap: [],
      announce: [],
      public: true,
      reserve: true,
      handlers: {},
      pong: 'pong',
      dhtServer: false,
      webrtc: undefined,
      waitForBootstrap: 'once',
      timeoutMs: 30_000,
      bodyLimitBytes: 4 * 1024 * 1024,
      maxConnections: 500
    })
  })

  it('are taken as they are given', () => {
    const given: NexusOptions = {
      credential: () => Promise.reject(new Error('not asked for here')),
      bootstrap: ['/dns4/relay.example/tcp/1'],
      listen: [],
      announce: ['/dns4/me.example/tcp/1'],
      public: false,
      reserve: false,
      handlers: { add: () => 1 },
      pong: { code: 0 },
      dhtServer: true,
      webrtc: true,
      iceServers: [
        { urls: 'stun:stun.example:3478' },
        { urls: ['turn:turn.example', 'turns:turn.example:5349?transport=tcp'], username: 'anna', credential: 'secret' }
      ],
      waitForBootstrap: false,
      timeoutMs: 1,
      bodyLimitBytes: 1,
      maxConnections: 1,
      logger: defaultLogger()
    }
    assert.deepEqual(resolveOptions(given), given)
  })

  const bad: Array<[option: string, ...values: unknown[]]> = [
    ['credential', undefined, null, '', 7],
    ['bootstrap', '/dns4/relay.example/tcp/1', [7], null],
    ['listen', '/ip4/0.0.0.0/tcp/0', [null]],
    ['announce', '/ip4/0.0.0.0/tcp/0'],
    ['public', 'no', 0],
    ['reserve', 1],
    ['pong', () => 1, { run: () => 1 }],
    ['handlers', 'add', { add: 1 }, null, [], [() => 1], new Map([['add', () => 1]])],
    ['dhtServer', 'yes'],
    ['webrtc', {}],
    ['iceServers', {}],
    ['iceServers', ['stun:stun.example']],
    ['iceServers', [{ urls: 'https://stun.example' }]],
    ['iceServers', [{ urls: [] }]],
    ['iceServers', [{ urls: 'turn:turn.example', username: 'anna' }]],
    ['waitForBootstrap', 5, 'always'],
    ['bootstrapTimeoutMs', 0, '5'],
    ['timeoutMs', 0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, '10'],
    ['bodyLimitBytes', 0, 1.5, '4 MiB'],
    ['maxConnections', 0, -5],
    ['logger', {}, console.log]
  ]

  for (const [option, ...values] of bad) {
    for (const value of values) {
      it(`are refused with INVALID, naming ${option}, when it is ${String(JSON.stringify(value) ?? value)}`, () =>
        assertInvalid(new RegExp(`^${option}`), () => resolveOptions({ credential, [option]: value } as NexusOptions)))
    }
  }

  it('are refused when there is no such option', () =>
    assertInvalid(/no option 'bootstraps'/, () => resolveOptions({ credential, bootstraps: [] } as NexusOptions)))

  it('are refused when they are none', async () => {
    await assertInvalid(/options/, () => resolveOptions(undefined as never))
    await assertInvalid(/options|credential/, () => resolveOptions('credential.json' as never))
  })

  it('never show a credential in the message', async () => {
    const secret = { key: 'a secret key' }
    const message = /^(?!.*a secret key)/s
    await assertInvalid(message, () => resolveOptions({ credential: secret, timeoutMs: 'x' } as never))
    await assertInvalid(message, () => resolveOptions({ credential, key: 'a secret key' } as never))
  })
})
