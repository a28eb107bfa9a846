import type { Connection, ConnectionEncrypter, Libp2p, SecuredConnection } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { concat } from 'uint8arrays/concat'
import { MAX_HANDSHAKE_BYTES, NOISE_PROTOCOL, SESSION_PROTOCOL } from '../../constants.ts'
import { NexusError, toNexusError } from '../../errors.ts'
import type { OpenedCredential } from '../../identity/credential.ts'
import { reasonOf } from '../../lib/reason-of.ts'
import { Hello, Verdict } from '../../protocols/pb/handshake.ts'
import { shakeHands } from '../../protocols/peers/handshake.ts'
import { RawSession } from './raw-session.ts'

const DIAL_MS = 10_000
/** How long the peer has for what it must do. */
const PATIENCE_MS = 3_000
const CONTINUES = 0x80

/** What a peer made of a `Hello`: `accepted`, a reason, or nothing when the connection ended without a word. */
export type PeerVerdict = string | undefined

/** A member that says to one peer what it likes: behind its own certificate, and in place of it. */
export class ConformNode {
  readonly credential: OpenedCredential
  readonly #address: Multiaddr
  readonly #patienceMs: number
  #libp2p: Libp2p | undefined
  /** What the next connection begins with in place of the own `Hello`. */
  #hello: Uint8Array | undefined
  #verdict: PeerVerdict
  #greeted = false
  #theirCertificate = ''

  /** Throws for an address that is none. `patienceMs`: how long the peer has for what it must do, default 3,000. */
  constructor(credential: OpenedCredential, address: string, patienceMs: number = PATIENCE_MS) {
    this.credential = credential
    this.#patienceMs = patienceMs
    this.#address = multiaddr(address)
  }

  /** The certificate that the peer has shown; empty before `connect`. */
  get theirCertificate(): string {
    return this.#theirCertificate
  }

  async start(): Promise<void> {
    const [{ createLibp2p }, { noise }, { yamux }, { tcp }, { webSockets }, { circuitRelayTransport }, { identify }] =
      await Promise.all([
        import('libp2p'),
        import('@libp2p/noise'),
        import('@libp2p/yamux'),
        import('@libp2p/tcp'),
        import('@libp2p/websockets'),
        import('@libp2p/circuit-relay-v2'),
        import('@libp2p/identify')
      ])
    this.#libp2p = await createLibp2p({
      privateKey: this.credential.privateKey,
      transports: [tcp(), webSockets(), circuitRelayTransport()],
      connectionEncrypters: [(components) => this.#encrypter(noise()(components))],
      streamMuxers: [yamux()],
      connectionGater: { denyDialMultiaddr: () => false },
      services: { identify: identify({ runOnConnectionOpen: false }) }
    })
  }

  async stop(): Promise<void> {
    await this.#libp2p?.stop()
  }

  /** An open connection to the peer, certificates exchanged. Rejects with `REFUSED`, `BUSY` or `UNREACHABLE`. */
  async connect(): Promise<Connection> {
    try {
      const known = this.#libp2p!.getConnections().find(({ status }) => status === 'open')
      return known ?? (await this.#dial())
    } catch (error) {
      throw toNexusError(error, 'UNREACHABLE', `${this.#address} cannot be reached: ${reasonOf(error)}`)
    }
  }

  /** Opens a connection of its own with this `Hello`, hears what the peer makes of it, and ends it. */
  async greet(hello: Uint8Array): Promise<PeerVerdict> {
    this.#hello = hello
    this.#verdict = undefined
    this.#greeted = false

    try {
      await this.#dial()
    } catch (error) {
      if (!this.#greeted) {
        throw error
      }
    } finally {
      this.#hello = undefined
    }
    return this.#verdict
  }

  /** A session with the peer, opened by this side. */
  async openSession(): Promise<RawSession> {
    const connection = await this.connect()
    const stream = await connection.newStream(SESSION_PROTOCOL, { signal: AbortSignal.timeout(DIAL_MS) })
    return new RawSession(stream, this.#patienceMs)
  }

  #dial(): Promise<Connection> {
    return this.#libp2p!.dial(this.#address, { force: true, signal: AbortSignal.timeout(DIAL_MS) }).catch((error) => {
      throw causeIn(error)
    })
  }

  #encrypter(inner: ConnectionEncrypter): ConnectionEncrypter {
    const secure = async (securing: Promise<SecuredConnection>): Promise<SecuredConnection> => {
      const secured = await securing
      await (this.#hello === undefined ? this.#exchange(secured) : this.#greet(secured, this.#hello))
      return secured
    }
    return {
      protocol: NOISE_PROTOCOL,
      secureInbound: (connection, options) => secure(inner.secureInbound(connection, options)),
      secureOutbound: (connection, options) => secure(inner.secureOutbound(connection, options))
    }
  }

  async #exchange({ connection, remotePeer }: SecuredConnection): Promise<void> {
    const { certificate, verifier, revocations } = this.credential
    const result = await shakeHands(connection, {
      certificate: certificate.token,
      revocationVersion: revocations.version,
      clock: verifier.clock,
      verify: (token) => verifier.verify(token, remotePeer.toString())
    })
    this.#theirCertificate = result.certificate.token
  }

  async #greet({ connection }: SecuredConnection, hello: Uint8Array): Promise<never> {
    const signal = AbortSignal.timeout(DIAL_MS)
    connection.send(concat([varint(hello.byteLength), hello]))
    const messages = lpStream(connection, { maxDataLength: MAX_HANDSHAKE_BYTES })

    try {
      Hello.decode(await messages.read({ signal }))
      const { refused } = Verdict.decode(await messages.read({ signal }))
      this.#verdict = refused === '' ? 'accepted' : refused
    } catch {
      this.#verdict = undefined
    }
    this.#greeted = true
    const done = new NexusError('CANCELLED', 'the exchange was for its verdict alone')
    connection.abort(done)
    throw done
  }
}

/** What an encrypter has thrown: libp2p wraps it. */
function causeIn(error: unknown): unknown {
  const { errors = [], cause } = error as { errors?: unknown[]; cause?: unknown }
  const inner = [...errors, cause].filter((one) => one !== undefined)
  return error instanceof NexusError ? error : (inner.map(causeIn).find((one) => one instanceof NexusError) ?? error)
}

function varint(value: number): Uint8Array {
  const bytes = []

  for (let left = value; bytes.length === 0 || left > 0; left >>>= 7) {
    bytes.push((left & 0x7f) | (left > 0x7f ? CONTINUES : 0))
  }
  return Uint8Array.from(bytes)
}
