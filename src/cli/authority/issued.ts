import { appendFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { NexusError } from '../../errors.ts'
import type { Certificate } from '../../identity/certificate.ts'
import { parseJson } from '../../identity/schema.ts'
import { reasonOf } from '../../lib/reason-of.ts'

const RecordSchema = v.object({
  id: v.string(),
  jid: v.string(),
  peerId: v.string(),
  uid: v.string(),
  block: v.string(),
  issuedAt: v.number(),
  expiresAt: v.number(),
  path: v.optional(v.string())
})

/** A certificate that was made with the root key by hand. Times are in ms since 1970; `path` is where it was written. */
export type IssuedRecord = v.InferOutput<typeof RecordSchema>

/** The list of a directory: a line of JSON for each certificate, in the order in which they were made. */
function issuedPath(directory: string): string {
  return join(directory, 'issued.jsonl')
}

/** Notes a certificate before anybody gets it. */
export async function recordIssued(directory: string, certificate: Certificate, path?: string): Promise<void> {
  const { id, jid, peerId, uid, block, issuedAt, expiresAt } = certificate
  const record: IssuedRecord = { id, jid, peerId, uid, block, issuedAt, expiresAt, path }
  await appendFile(issuedPath(directory), `${JSON.stringify(record)}\n`, { mode: 0o600 })
}

/** The newest certificate of each block, by key and JID. Throws `INVALID`, naming the line that is damaged. */
export async function readIssued(directory: string): Promise<IssuedRecord[]> {
  const path = issuedPath(directory)
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') {
      return ''
    }
    throw error
  })
  const newest = new Map<string, IssuedRecord>()

  for (const [index, line] of text.split('\n').entries()) {
    if (line !== '') {
      const record = parseLine(line, `${path}, line ${index + 1}`)
      newest.set(`${record.peerId} ${record.jid}`, record)
    }
  }

  return [...newest.values()]
}

function parseLine(line: string, where: string): IssuedRecord {
  try {
    return parseJson('record', RecordSchema, JSON.parse(line))
  } catch (error) {
    throw new NexusError('INVALID', `${where} is damaged: ${reasonOf(error)}`, { cause: error })
  }
}
