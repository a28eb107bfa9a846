import type { Libp2p, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { MAX_FRAME_BYTES, SESSION_PROTOCOL } from '../../src/constants.ts'
import type { CertificateVerifier } from '../../src/identity/verifier.ts'
import { encodeFrame, type FrameFields } from '../../src/protocols/session/frame.ts'
import { FrameDecoder } from '../../src/protocols/session/frame-decoder.ts'
import type { Nexus } from '../../src/types.ts'
import type { TestNetwork } from './identities.ts'
import { listeningNode } from './raw-node.ts'
import { type JoinedFrame, withJoinedBody } from './session-pair.ts'

/** What is wrong with a block. */
export interface Fault {
  /** What becomes of a frame that comes in: nothing, or another one. Throws to reset the stream. */
  takes?: (frame: JoinedFrame) => FrameFields | undefined
  /** The same of those that go out. */
  sends?: (frame: JoinedFrame) => FrameFields | undefined
  /** Chunks that it does not look at. */
  passesOver?: (chunk: Uint8Array) => boolean
  /** Who gets in. */
  verifier?: CertificateVerifier
}

/** A block that does all that another one does, but for its fault. */
export async function faultyBlock(network: TestNetwork, real: Nexus, fault: Fault): Promise<Libp2p> {
  const node = await listeningNode(network, fault.verifier)
  const address = multiaddr(real.addresses[0]!)

  await node.handle(SESSION_PROTOCOL, async (stream, connection) => {
    void connection
    stream.pause()
    const to = await node.dialProtocol(address, SESSION_PROTOCOL)
    pipe(stream, to, fault.takes, fault.passesOver)
    pipe(to, stream, fault.sends)
    stream.resume()
  })
  return node
}

function pipe(from: Stream, to: Stream, change?: Fault['takes'], passesOver?: Fault['passesOver']): void {
  const decoder = new FrameDecoder(MAX_FRAME_BYTES)
  const pass = (chunk: Uint8Array): void => {
    if (change === undefined) {
      to.send(chunk)
      return
    }
    decoder.push(chunk, (frame) => {
      const changed = change(withJoinedBody(frame))

      if (changed !== undefined) {
        to.send(encodeFrame(changed))
      }
    })
  }
  const end = (): void => {
    from.abort(new Error('ended'))
    to.abort(new Error('ended'))
  }
  from.addEventListener('message', ({ data }) => {
    try {
      const chunk = data.subarray()

      if (to.status === 'open' && passesOver?.(chunk) !== true) {
        pass(chunk)
      }
    } catch {
      end()
    }
  })
  from.addEventListener('close', end)
}
