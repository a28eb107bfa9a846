import { NexusError } from '../errors.ts'
import { importOptional } from '../lib/import-optional.ts'
import { reasonOf } from '../lib/reason-of.ts'

/** How long a database may take to answer. */
const TIMEOUT_MS = 10_000

export interface Databases {
  /** That of `UMONGOURL`. */
  udb: unknown
  /** That of `XMONGOURL`. */
  xdb: unknown
}

/**
 * Connects the MongoDBs that `UMONGOURL` and `XMONGOURL` name; one that is not named is `undefined`, with a warning of
 * the process when neither is. Rejects with `INVALID` without the package `mongodb`, and `UNREACHABLE` when a database
 * does not answer.
 */
export async function connectDatabases(): Promise<Databases> {
  const { UMONGOURL = '', XMONGOURL = '' } = process.env

  if (UMONGOURL === '' && XMONGOURL === '') {
    process.emitWarning('no database: neither UMONGOURL nor XMONGOURL is set')
    return { udb: undefined, xdb: undefined }
  }

  const { MongoClient } = await load()
  const [udb, xdb] = await Promise.all([connect(MongoClient, UMONGOURL), connect(MongoClient, XMONGOURL)])
  return { udb, xdb }
}

async function connect(MongoClient: any, url: string): Promise<unknown> {
  if (url === '') {
    return undefined
  }

  const client = new MongoClient(url, { serverSelectionTimeoutMS: TIMEOUT_MS })

  try {
    await client.connect()
  } catch (error) {
    throw new NexusError('UNREACHABLE', `the database does not answer: ${reasonOf(error)}`, { cause: error })
  }

  return client.db()
}

async function load(): Promise<any> {
  try {
    return await importOptional('mongodb')
  } catch (error) {
    throw new NexusError('INVALID', 'a database needs the package mongodb: npm install mongodb', { cause: error })
  }
}
