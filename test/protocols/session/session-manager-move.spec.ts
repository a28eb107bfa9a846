import assert from 'node:assert/strict'
import type { Connection, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { streamPair } from '@libp2p/utils'
import { generateKey, peerIdOf } from '../../../src/identity/keys.ts'
import type { VerifiedPeers } from '../../../src/protocols/peers/verified-peers.ts'
import { SessionManager } from '../../../src/protocols/session/session-manager.ts'
import { assertCode, identityFor, log } from '../../support/calls.ts'

const peerId = peerIdOf(await generateKey())

describe('a session that goes over to a better path', () => {
  let streams: Stream[]
  let sessions: SessionManager

  beforeEach(() => {
    streams = []
    const newStream = async (): Promise<Stream> => streams.shift() ?? assert.fail('no stream is expected')
    const connection = { remotePeer: peerIdFromString(peerId), newStream } as unknown as Connection
    sessions = new SessionManager({
      self: identityFor('self'),
      registrar: { handle: async () => undefined, unhandle: async () => undefined },
      connect: async () => connection,
      verified: { get: () => ({ identity: identityFor(peerId) }) } as unknown as VerifiedPeers,
      limits: {},
      log
    })
  })

  it('stays where it is when the new path has died while the stream was opened', async () => {
    const [first] = await streamPair()
    streams.push(first)
    const session = await sessions.open(peerId)
    const [dead] = await streamPair()
    dead.abort(new Error('the path died'))
    streams.push(dead)
    await assertCode('UNREACHABLE', () => sessions.move(peerId), /ended at once/)
    assert.equal(sessions.peek(peerId), session)
    assert.equal(first.status, 'open')
    first.abort(new Error('the test is over'))
  })
})
