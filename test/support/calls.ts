import assert from 'node:assert/strict'
import { defaultLogger } from '@libp2p/logger'
import { NexusError, type NexusErrorCode } from '../../src/errors.ts'
import { BODY_JSON, decodeBody, encodeBody } from '../../src/protocols/body/body.ts'
import type { ReceivedRequest } from '../../src/protocols/session/session.ts'
import type { PeerSession } from '../../src/protocols/session/session-table.ts'
import type { Body, Identity } from '../../src/types.ts'
import { ALICE_UID, TEST_NETWORK } from './identities.ts'

export const log = defaultLogger().forComponent('nexus:test')

/** The call fails with this code, and a message that matches. */
export async function assertCode(code: NexusErrorCode, call: () => unknown, message = /./): Promise<NexusError> {
  let failure: unknown
  await assert.rejects(
    async () => call(),
    (error) => {
      failure = error
      return true
    }
  )
  assert.ok(failure instanceof NexusError, String(failure))
  assert.equal(failure.code, code, failure.message)
  assert.match(failure.message, message)
  return failure
}

/** An identity; by default of `etest`'s owner `ALICE_UID`, a worker with the resource and peer id `peer`. */
export function identityFor(peerId: string, changes: Partial<Identity> = {}): Identity {
  const network = TEST_NETWORK
  const { app, uid, role, resource } = { app: 'etest', uid: ALICE_UID, role: 'owner', resource: peerId, ...changes }
  const jid = `${app}-${uid}-${role}@${network}/${resource}`
  return { network, app, uid, role: 'owner', block: 'worker', resource, jid, peerId, ...changes }
}

/** A session with a peer on which nothing can be sent. */
export function sessionOf(peer: Identity, session: Partial<PeerSession['session']> = {}): PeerSession {
  const refuse = async (): Promise<never> => assert.fail('nothing is sent here')
  const sendGrant = (): void => assert.fail('no grant is shown here')
  return {
    peer,
    grant: undefined,
    grantShown: undefined,
    session: { request: refuse, direct: refuse, sendGrant, ...session }
  }
}

/** A request as it arrives, and what it is answered: the body, or a rejection with the code and message that travel. */
export function arrival(cmd: string, body: Body = null): { request: ReceivedRequest; answer: Promise<Body> } {
  const { promise, resolve, reject } = Promise.withResolvers<Body>()
  promise.catch(() => undefined)
  return {
    request: {
      cmd,
      type: BODY_JSON,
      body: encodeBody(body, 1_000_000).bytes,
      timeoutMs: 1_000,
      signal: new AbortController().signal,
      release: () => undefined,
      respond: (type, bytes) => resolve(decodeBody(type, bytes)),
      fail: (code, message) => reject(new NexusError(code, message))
    },
    answer: promise
  }
}
