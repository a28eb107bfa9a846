import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { Libp2p } from '@libp2p/interface'
import { type Check, type Checked, runChecks } from '../../src/cli/conform/check.ts'
import { checkPeer } from '../../src/cli/conform/check-peer.ts'
import { ConformNode } from '../../src/cli/conform/conform-node.ts'
import { GATE_CHECKS } from '../../src/cli/conform/gate-checks.ts'
import { SESSION_CHECKS } from '../../src/cli/conform/session-checks.ts'
import { openCredential } from '../../src/identity/credential.ts'
import type { CertificateVerifier } from '../../src/identity/verifier.ts'
import { readCredentialFile, writeCredentialFile } from '../../src/node/runtime/credential-file.ts'
import { type FrameFields, KIND } from '../../src/protocols/session/frame.ts'
import type { Nexus } from '../../src/types.ts'
import { type Fault, faultyBlock } from '../support/faulty-block.ts'
import { BOB_UID } from '../support/identities.ts'
import { TestMesh } from '../support/mesh.ts'
import { nexus } from '../support/nexus-program.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'

const text = (body: Uint8Array) => Buffer.from(body).toString('latin1')
const reset = (): never => {
  throw new Error('it resets the stream')
}

/** A block that reads another body than it was sent. */
const reads = (from: string | RegExp, to: string): Fault => ({
  takes: (frame) => ({ ...frame, body: Uint8Array.from(Buffer.from(text(frame.body).replace(from, to), 'latin1')) })
})
/** A block that does not see some frames. */
const overlooks = (which: (frame: FrameFields) => boolean): Fault => ({
  takes: (frame) => (which(frame) ? undefined : frame)
})
/** A block that resets the stream at some frames. */
const chokes = (which: (frame: FrameFields) => boolean): Fault => ({
  takes: (frame) => (which(frame) ? reset() : frame)
})

/** What is wrong with a block, by the rule that it breaks. */
const FAULTS: Record<string, Fault> = {
  'a ping is acknowledged': { sends: (frame) => (frame.kind === KIND.ACK ? undefined : frame) },
  'a kind of a later version is ignored': chokes(({ kind = 0 }) => kind > KIND.GRANT),
  'an empty envelope is ignored': chokes(({ kind }) => kind === 0),
  'frames of calls that are not under way are ignored': chokes(({ kind }) => kind === KIND.CANCEL),
  'an unknown one': { sends: (frame) => ({ ...frame, code: frame.code === -500 ? -501 : frame.code }) },
  'a malformed body': reads('{"app":1}', '{"app":"etest"}'),
  'refused: a byte order mark': reads('\xef\xbb\xbf', ''),
  'refused: a number over the largest double': reads('1e400', '1'),
  'refused: an integer that loses digits': reads(/\d{20}/, '1'),
  'refused: nested too deep': reads(/\[+\]+/, '[]'),
  'the last of members with one name counts': reads('{"app":1,"app":"etest"}', '{"app":1}'),
  'a command over its limit': { takes: (frame) => ({ ...frame, cmd: frame.cmd.length > 255 ? '$leases' : frame.cmd }) },
  'more bytes than declared': reads('}  ', '}'),
  'a request with the id 0 resets the stream': overlooks(({ kind, id }) => kind === KIND.REQUEST && id === 0),
  'a length over the limit resets the stream': { passesOver: (chunk) => chunk.byteLength === 3 && chunk[2] === 3 }
}

describe('nexus conform', function () {
  this.timeout(120_000)
  let mesh: TestMesh
  let credential: string

  before(async () => {
    mesh = await TestMesh.create()
    credential = join(await temporaryDirectory(), 'device.json')
    await writeCredentialFile(
      credential,
      await mesh.network.credentialFor({ uid: BOB_UID, role: 'user', block: 'device' })
    )
  })

  after(async () => {
    await mesh.stop()
    await removeTemporaryDirectories()
  })

  const check = async (address: string): Promise<Checked[]> => {
    const { signal } = new AbortController()
    return checkPeer({ credential, address, onChecked: () => undefined, signal })
  }
  const brokenOf = (checked: Checked[]) => checked.filter(({ broken }) => broken !== undefined)

  it('finds no fault with our own block, on TCP, and with our relay, on WebSocket', async () => {
    const block = await mesh.block()
    const relay = await mesh.relay()
    const webSocket = relay.addresses.find((address) => address.includes('/ws'))!

    for (const address of [block.addresses[0]!, webSocket]) {
      const checked = await check(address)
      assert.deepEqual(brokenOf(checked), [])
      assert.ok(checked.length >= 40)
    }
  })

  describe('names the fault of a block', () => {
    let real: Nexus
    let faulty: Libp2p | undefined

    before(async () => {
      real = await mesh.block()
    })

    afterEach(() => faulty?.stop())

    const brokenAt = async (fault: Fault, checks: readonly Check[]): Promise<string[]> => {
      faulty = await faultyBlock(mesh.network, real, fault)
      const opened = await openCredential(await readCredentialFile(credential), { clock: Date.now })
      const node = new ConformNode(opened, String(faulty.getMultiaddrs()[0]), 1_500)
      await node.start()

      try {
        return brokenOf(await runChecks(node, checks, () => undefined, new AbortController().signal)).map(
          ({ name }) => name
        )
      } finally {
        await node.stop()
      }
    }

    it('that has none: no name', async () => assert.deepEqual(await brokenAt({}, SESSION_CHECKS), []))

    for (const [name, fault] of Object.entries(FAULTS)) {
      it(name, async () => {
        const rule = SESSION_CHECKS.find((one) => one.name === name)?.rule
        const broken = await brokenAt(
          fault,
          SESSION_CHECKS.filter((one) => one.rule === rule)
        )
        assert.ok(broken.includes(name), `broken: ${broken.join('; ')}`)
        assert.ok(broken.length <= 3, `broken: ${broken.join('; ')}`)
      })
    }

    it('to people, and ends with 1', async () => {
      faulty = await faultyBlock(mesh.network, real, reads('1e400', '1'))
      const address = String(faulty.getMultiaddrs()[0])
      const { code, stdout, stderr } = await nexus(['conform', address, '--credential', credential])
      assert.equal(code, 1)
      assert.match(stderr, /^ok {6}Gate: a Hello is accepted$/m)
      assert.match(
        stderr,
        /^BROKEN {2}Bodies: refused: a number over the largest double: expected INVALID, got response$/m
      )
      assert.match(stdout, /^\S+ breaks \d of \d+ rules\n$/)
    })

    it('whose gate is open', async () => {
      const honest = mesh.network.verifier()
      const certificate = await honest.verify(await mesh.network.certificateFor())
      const verify = async (_: string, peerId: string) => ({ ...certificate, peerId })
      const verifier = Object.assign(Object.create(honest) as CertificateVerifier, { verify })
      Object.defineProperty(verifier, 'clock', { value: Date.now })
      Object.defineProperty(verifier, 'revocations', { value: honest.revocations })
      const broken = await brokenAt({ verifier }, GATE_CHECKS)
      assert.ok(broken.includes('a certificate signed by no root'), broken.join('; '))
      assert.ok(broken.includes('an empty Hello'), broken.join('; '))
      assert.ok(!broken.includes('a Hello is accepted'), broken.join('; '))
    })
  })
})
