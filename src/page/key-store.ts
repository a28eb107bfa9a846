import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
import { type CertificateAnswer, parseAnswer } from '../identity/enrolment.ts'
import { formatKey, generateKey, parseKey } from '../identity/keys.ts'
import type { Ed25519PrivateKey, NexusNotice } from '../types.ts'
import { takeTabNumber } from './tab-number.ts'

const DATABASE = 'nexus-mesh'
const DATABASE_VERSION = 1
const RECORD_VERSION = 1

interface KeyRecord {
  version: number
  /** As `formatKey` writes it. */
  key: string
  /** The last answer of the site. */
  answer?: unknown
}

interface Schema extends DBSchema {
  keys: { key: string; value: KeyRecord }
}

/** A page's key, and where the certificate for it is kept. */
export interface PageKey {
  privateKey: Ed25519PrivateKey
  /** The last certificate that was kept; it may have ended. */
  answer: CertificateAnswer | undefined
  /** What is wrong with the storage. */
  notices: NexusNotice[]
  keep: (answer: CertificateAnswer) => Promise<void>
  /** Lets another tab have the key. */
  release: () => void
}

/**
 * The key of this tab: kept in IndexedDB, one for each tab that is open at a time, as two tabs with one key would be
 * one peer in two places. Where nothing can be kept the key lasts as long as the page; the notices say so.
 */
export async function openPageKey(name: string): Promise<PageKey> {
  const tab = await takeTabNumber(`${DATABASE}/${name}`)

  if (tab === undefined) {
    return temporary('this browser has no Web Locks, or not without TLS: the key lasts as long as the page')
  }

  try {
    const database = await openDB<Schema>(DATABASE, DATABASE_VERSION, {
      upgrade: (opened) => void opened.createObjectStore('keys'),
      // A newer version of the site is open in another tab.
      blocking: (_current, _next, event) => (event.target as IDBDatabase).close()
    })
    return await keyOf(database, `${name}/${tab.index}`, tab.release)
  } catch (error) {
    tab.release()
    const isOld = error instanceof DOMException && error.name === 'VersionError'
    return isOld
      ? temporary('the storage is of a newer version of this site: the key lasts as long as the page', 'OLD_STORAGE')
      : temporary(`nothing can be kept in this browser (${nameOf(error)}): the key lasts as long as the page`)
  }
}

async function keyOf(database: IDBPDatabase<Schema>, id: string, release: () => void): Promise<PageKey> {
  const record = await database.get('keys', id)
  const known = record === undefined ? undefined : read(record)
  const privateKey = known?.privateKey ?? (await generateKey())
  const keep = async (answer?: CertificateAnswer): Promise<void> =>
    void (await database.put('keys', { version: RECORD_VERSION, key: formatKey(privateKey), answer }, id))

  if (known === undefined) {
    await keep()
  }

  const lost = record !== undefined && known === undefined
  const message = 'what another version of this site had stored could not be used: a new key was made'
  return {
    privateKey,
    answer: known?.answer,
    notices: lost ? [{ reason: 'OLD_STORAGE', message }] : [],
    keep,
    release: () => {
      database.close()
      release()
    }
  }
}

function read({ version, key, answer }: KeyRecord): Pick<PageKey, 'privateKey' | 'answer'> | undefined {
  if (version !== RECORD_VERSION) {
    return undefined
  }

  try {
    return { privateKey: parseKey(key), answer: answer === undefined ? undefined : parseAnswer(answer) }
  } catch {
    return undefined
  }
}

async function temporary(message: string, reason: NexusNotice['reason'] = 'NO_STORAGE'): Promise<PageKey> {
  return {
    privateKey: await generateKey(),
    answer: undefined,
    notices: [{ reason, message }],
    keep: async () => undefined,
    release: () => undefined
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : String(error)
}
