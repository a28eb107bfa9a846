import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  checkApp,
  checkBlockKind,
  checkNetwork,
  checkResource,
  checkRole,
  checkUid,
  formatJid,
  parseJid
} from '../../src/identity/jid.ts'
import { assertInvalid } from '../support/identities.ts'

const text = (unit: string, minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...unit), minLength, maxLength })
const LOWER = 'abcdefghijklmnopqrstuvwxyz'
const DIGITS = '0123456789'
const ALPHANUMERIC = LOWER + LOWER.toUpperCase() + DIGITS
const label = fc
  .tuple(text(LOWER + DIGITS, 1, 1), text(`${LOWER + DIGITS}-`, 0, 20), text(LOWER + DIGITS, 1, 1))
  .map((parts) => parts.join(''))

const jidParts = fc.record(
  {
    app: fc.tuple(text(LOWER, 1, 1), text(LOWER + DIGITS, 0, 62)).map((parts) => parts.join('')),
    uid: text(ALPHANUMERIC, 1, 64),
    role: fc.constantFrom('owner' as const, 'partner' as const, 'user' as const),
    network: fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.')),
    resource: text(`${ALPHANUMERIC}._`, 1, 64)
  },
  { noNullPrototype: true }
)

describe('jid', () => {
  it('splits what it joins', () => {
    fc.assert(fc.property(jidParts, (parts) => assert.deepEqual(parseJid(formatJid(parts)), parts)))
  })

  it('gives other text to other parts', () => {
    fc.assert(
      fc.property(jidParts, jidParts, (one, other) => {
        assert.equal(formatJid(one) === formatJid(other), JSON.stringify(one) === JSON.stringify(other))
      })
    )
  })

  it('joins again what it splits, or refuses it', () => {
    const nearly = text('a1-@/.Zowner', 0, 40)
    const almost = jidParts.chain((parts) => {
      const jid = formatJid(parts)
      return fc
        .tuple(fc.nat(jid.length), fc.string({ maxLength: 2 }))
        .map(([at, insert]) => jid.slice(0, at) + insert + jid.slice(at))
    })
    fc.assert(
      fc.property(fc.oneof(nearly, almost), (jid) => {
        try {
          assert.equal(formatJid(parseJid(jid)), jid)
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'INVALID')
        }
      })
    )
  })

  it('names the bad value', async () => {
    await assertInvalid(/bad app: "Etest" \(expected: a lower-case letter, then up to 62 .* digits\)$/, () =>
      checkApp('Etest')
    )
    await assertInvalid(/bad uid: "a-b"/, () => checkUid('a-b'))
    await assertInvalid(/bad resource: ""/, () => checkResource(''))
    await assertInvalid(/bad network: "a\.\.b"/, () => checkNetwork('a..b'))
    await assertInvalid(/bad role: "admin" \(expected: owner, partner, user\)$/, () => checkRole('admin'))
    await assertInvalid(/bad block: "browser"/, () => checkBlockKind('browser'))
    await assertInvalid(/bad app: number/, () => checkApp(7))
    await assertInvalid(/not a JID .*"etest"/, () => parseJid('etest'))
  })

  it('cuts a long bad value short', async () => {
    await assertInvalid(/^.{0,200}$/, () => checkUid('x'.repeat(100_000)))
    await assertInvalid(/^.{0,200}$/, () => parseJid('x'.repeat(100_000)))
  })

  it('does not join bad parts', async () => {
    const parts = { app: 'etest', uid: '1', role: 'user' as const, network: 'n.org', resource: 'a/b' }
    await assertInvalid(/bad resource/, () => formatJid(parts))
  })

  it('allows a network of 253 characters, and labels of 63', async () => {
    const longest = 'a'.repeat(63)
    const network = [longest, longest, longest, 'b'.repeat(61)].join('.')
    assert.equal(checkNetwork(network), network)
    await assertInvalid(/bad network/, () => checkNetwork(`${network}b`))
    await assertInvalid(/bad network/, () => checkNetwork(`${longest}a`))
  })
})
