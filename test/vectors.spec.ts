import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
const PYTHON = 'python/tests/test_vectors.py'
/** In Python the block is a process of Node, which does all of this. */
const IN_THE_BLOCK = undefined

/** Where each file of `test/vectors` is run, in TypeScript and in Python. */
const RUN: Readonly<Record<string, readonly [typescript: string, python: string | undefined]>> = {
  'bodies.json': ['test/protocols/body/vectors.spec.ts', PYTHON],
  'certificates.json': ['test/identity/vectors.spec.ts', IN_THE_BLOCK],
  'channel-bodies.json': ['test/protocols/channel/vectors.spec.ts', IN_THE_BLOCK],
  'env-files.json': ['test/bridge/env-file.spec.ts', PYTHON],
  'frames.json': ['test/protocols/session/vectors.spec.ts', PYTHON],
  'gossip.json': ['test/protocols/gossip/vectors.spec.ts', IN_THE_BLOCK],
  'grants.json': ['test/identity/vectors.spec.ts', IN_THE_BLOCK],
  'handshake.json': ['test/protocols/peers/vectors.spec.ts', IN_THE_BLOCK],
  'history.json': ['test/protocols/history/vectors.spec.ts', IN_THE_BLOCK],
  'jids.json': ['test/identity/vectors.spec.ts', PYTHON],
  'leases.json': ['test/identity/statement-vectors.spec.ts', IN_THE_BLOCK],
  'link.json': ['test/sidecar/vectors.spec.ts', PYTHON],
  'requests.json': ['test/identity/statement-vectors.spec.ts', IN_THE_BLOCK],
  'revocations.json': ['test/identity/statement-vectors.spec.ts', IN_THE_BLOCK],
  'roots.json': ['test/identity/statement-vectors.spec.ts', IN_THE_BLOCK],
  'topics.json': ['test/protocols/channel/vectors.spec.ts', IN_THE_BLOCK]
}

/** What docs/PROTOCOL.md settles for authors of other clients: its heading, and a vector or case that shows it. */
const SHOWN: readonly [heading: string, file: string, text: string][] = [
  ['Signed statements', 'test/vectors/certificates.json', 'bent: header with a byte order mark'],
  ['Signed statements', 'test/vectors/certificates.json', 'bent: header with __proto__'],
  ['Signed statements', 'test/vectors/certificates.json', 'bent: header with alg twice'],
  ['Revocation list', 'test/identity/revocation.spec.ts', 'has a version up to 2^53 - 1'],
  ['Whom a call is for, and who a sender is', 'test/protocols/find/target.spec.ts', 'ownership'],
  ['Whom a call is for, and who a sender is', 'test/protocols/channel/channels.spec.ts', 'itsBro'],
  ['Gossip', 'test/protocols/gossip/signed-gossip.spec.ts', 'keeps the order of a sender'],
  ['Gossip', 'test/protocols/gossip/message-intake.spec.ts', 'makes a neighbour wait that sends more'],
  ['Joining', 'test/node/connect/bootstrap.spec.ts', 'resolves when the first peer is connected'],
  ['The exchange', 'test/vectors/handshake.json', '"badHellos"'],
  ['Frames', 'test/vectors/frames.json', '"badLengths"'],
  ['Bodies', 'test/vectors/bodies.json', '"depth"'],
  ['Leases', 'test/node/libp2p/address-order.spec.ts', 'by how likely others reach them'],
  ['Lease', 'test/identity/lease.spec.ts', 'names the first 32 addresses'],
  ['Test vectors', 'docs/PROTOCOL.md', '`rootId` the root that signed'],
  ['When your client hears nothing', 'test/relay/log.spec.ts', 'refused-messages'],
  ['Link', 'test/vectors/link.json', '"conversation"'],
  ['Layers', 'test/cli/conform.spec.ts', 'finds no fault with our own block']
]

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

describe('test/vectors', () => {
  const files = readdirSync(join(ROOT, 'test/vectors')).sort()

  it('are all run, each where this table says', () => {
    assert.deepEqual(files, Object.keys(RUN))
  })

  for (const [file, places] of Object.entries(RUN)) {
    it(`${file}: ${places.filter((place) => place !== undefined).join(' and ')}`, () => {
      const name = file.replace('.json', '')

      for (const place of places.filter((one) => one !== undefined)) {
        assert.match(read(place), new RegExp(`['"/]${name}(\\.json)?['"]`), place)
      }
    })
  }

  it('are described for others, but for those of files that nobody else reads', () => {
    const protocol = read('docs/PROTOCOL.md')
    assert.deepEqual(
      files.filter((file) => !protocol.includes(`| \`${file}\` |`)),
      ['env-files.json']
    )
  })

  it('have over 40 certificates that are written in an odd way', () => {
    const { cases } = JSON.parse(read('test/vectors/certificates.json')) as { cases: { name: string }[] }
    assert.ok(cases.filter(({ name }) => name.startsWith('bent:')).length >= 40)
  })
})

describe('docs/PROTOCOL.md', () => {
  const headings = new Set([...read('docs/PROTOCOL.md').matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading))

  for (const [heading, file, text] of SHOWN) {
    it(`"${heading}" is shown by ${file}: ${text}`, () => {
      assert.ok(headings.has(heading), heading)
      assert.ok(read(file).includes(text))
    })
  }
})
