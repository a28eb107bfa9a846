import { NexusError } from '../errors.ts'
import { reasonOf } from '../lib/reason-of.ts'

/** How long the database may take to answer. */
const TIMEOUT_MS = 10_000

/**
 * Connects the MongoDB that `UMONGOURL` names; `undefined`, with a warning of the process, when it names none. Rejects
 * with `INVALID` without the package `mongodb`, and `UNREACHABLE` when the database does not answer.
 */
export async function connectUdb(): Promise<unknown> {
  const { UMONGOURL } = process.env

  if (UMONGOURL === undefined || UMONGOURL === '') {
    process.emitWarning('no database: UMONGOURL is not set')
    return undefined
  }

  const { MongoClient } = await load()
  const client = new MongoClient(UMONGOURL, { serverSelectionTimeoutMS: TIMEOUT_MS })

  try {
    await client.connect()
  } catch (error) {
    throw new NexusError('UNREACHABLE', `the database does not answer: ${reasonOf(error)}`, { cause: error })
  }

  return client.db()
}

async function load(): Promise<any> {
  const name = 'mongodb'

  try {
    return await import(name)
  } catch (error) {
    throw new NexusError('INVALID', 'UMONGOURL needs the package mongodb: npm install mongodb', { cause: error })
  }
}
