import { defaultLogger } from '@libp2p/logger'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Credential } from '../../src/identity/credential.ts'
import { Lifecycle } from '../../src/lib/lifecycle.ts'
import type { ServerTls } from '../../src/node/libp2p/server-tls.ts'
import { createMember, foundationOf, type Member, type MemberInit } from '../../src/node/member.ts'
import { OwnCredential } from '../../src/node/own-credential.ts'
import { nodePlatform } from '../../src/node/runtime/node.ts'
import type { SessionRouter } from '../../src/protocols/session/session-router.ts'
import type { TestBlock, TestNetwork } from './identities.ts'
import { LOOPBACK_TCP } from './mesh.ts'
import { until } from './until.ts'

export interface MemberOptions {
  block?: TestBlock
  /** In place of a new credential for `block`. */
  credential?: Credential | (() => Credential | Promise<Credential>)
  router?: SessionRouter
  listen?: string[]
  dhtServer?: boolean
  /** Default `false`. */
  webrtc?: boolean
  /** Like a relay: it is told of all topics, as are members that do not ask about topics. Default `false`. */
  forwardsTopics?: boolean
  onRefused?: MemberInit['onRefused']
  tls?: ServerTls
}

/** What blocks and relays have in common, running on 127.0.0.1. */
export interface TestMember {
  parts: Member
  credential: OwnCredential
  peerId: string
  addresses: () => Multiaddr[]
  /** Connects to another, and waits until it knows of that as well. */
  dial: (other: TestMember) => Promise<void>
  stop: () => Promise<void>
}

const started: TestMember[] = []

/** Starts a member of the mesh, by default with an `etest` owner's worker for a certificate. */
export async function startMember(network: TestNetwork, options: MemberOptions = {}): Promise<TestMember> {
  const {
    block,
    listen = [LOOPBACK_TCP],
    router,
    dhtServer = false,
    webrtc = false,
    forwardsTopics = false,
    onRefused,
    tls
  } = options
  const logger = defaultLogger()
  const credential = await OwnCredential.open({
    source: options.credential ?? (await network.credentialFor(block)),
    readFile: undefined,
    clock: network.clock,
    log: logger.forComponent('nexus:test')
  })
  const parts = await createMember({
    credential,
    platform: nodePlatform,
    webrtc,
    listen,
    announce: [],
    dhtServer,
    forwardsTopics,
    limits: { maxConnections: 100, connectionsPerSecondPerHost: 1_000 },
    clock: network.clock,
    logger,
    bodyLimitBytes: 1024 * 1024,
    tls,
    onRefused
  })
  const { libp2p } = parts.node
  const lifecycle = new Lifecycle([...foundationOf(parts), parts.sessions, credential], 1)

  if (router !== undefined) {
    parts.sessions.serve(router)
  }

  await lifecycle.start()

  const member: TestMember = {
    parts,
    credential,
    peerId: parts.identity.peerId,
    addresses: () => libp2p.getMultiaddrs(),
    dial: async (other) => {
      await libp2p.dial(other.addresses())
      await until(() => other.parts.isConnected(member.peerId), 'the connection')
    },
    stop: () => lifecycle.stop()
  }
  started.push(member)
  return member
}

/** Stops every member that was started since the last call. */
export async function stopMembers(): Promise<void> {
  await Promise.all(started.splice(0).map((member) => member.stop()))
}
