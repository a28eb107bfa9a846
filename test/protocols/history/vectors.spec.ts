import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { type HistoryVectors, historyVectorText } from '../../../scripts/vectors-history.ts'
import { NexusError } from '../../../src/errors.ts'
import { RevocationList } from '../../../src/identity/revocation-list.ts'
import { CertificateVerifier } from '../../../src/identity/verifier.ts'
import { RangeIndex, readQuestion, writeQuestion } from '../../../src/protocols/history/history-question.ts'
import { MessageCheck } from '../../../src/protocols/history/message-check.ts'
import { isFault } from '../../../src/protocols/history/message-faults.ts'

const text = await readFile(new URL('../../vectors/history.json', import.meta.url), 'utf8')
const { network, root, now, question, cases }: HistoryVectors = JSON.parse(text)

describe('history vectors', () => {
  it('are what the generator writes', () => {
    assert.equal(text, historyVectorText(), 'run scripts/vectors-history.ts')
  })

  it('have the question as it is written', () => {
    assert.deepEqual(writeQuestion(readQuestion(question)), question)
  })

  for (const { name, message, outcome, fault } of cases) {
    it(`${outcome}: ${name}`, async () => {
      const trust = { network, roots: [root] }
      const verifier = new CertificateVerifier({ ...trust, clock: () => now, revocations: new RevocationList(trust) })
      const asked = readQuestion(question)
      const bytes = Uint8Array.from(Buffer.from(message, 'hex'))
      const check = new MessageCheck({ verifier }).check(bytes, asked.topic, new RangeIndex(asked))

      if (outcome === 'accept') {
        assert.equal((await check).message.certificate.peerId, question.ranges[0]![0])
      } else {
        await assert.rejects(check, (error) => isFault(error) === fault)
      }
    })
  }

  it('are refused when the sender is revoked by what is known now', async () => {
    const trust = { network, roots: [root] }
    const revocations = new RevocationList(trust)
    revocations.isRevoked = () => true
    const verifier = new CertificateVerifier({ ...trust, clock: () => now, revocations })
    const asked = readQuestion(question)
    const bytes = Uint8Array.from(Buffer.from(cases[0]!.message, 'hex'))
    const check = new MessageCheck({ verifier }).check(bytes, asked.topic, new RangeIndex(asked))
    await assert.rejects(check, (error) => error instanceof NexusError && error.reason === 'REVOKED' && !isFault(error))
  })
})
