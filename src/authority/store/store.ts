import { NexusError } from '../../errors.ts'
import { leadsTo } from '../../identity/root-sets.ts'
import { AdminTokens } from './admin-tokens.ts'
import { Apps } from './apps.ts'
import { Audit } from './audit.ts'
import { Bars } from './bars.ts'
import { Certificates } from './certificates.ts'
import { Database } from './database.ts'
import { RootSets } from './root-sets.ts'
import { Secrets } from './secrets.ts'

/** The network of an authority, its root, and the sets that say which roots are trusted. */
export interface NetworkTrust {
  network: string
  root: string
  rootSets?: readonly string[]
}

/** What the service keeps, by its tables. */
export interface Store {
  database: Database
  apps: Apps
  secrets: Secrets
  certificates: Certificates
  bars: Bars
  tokens: AdminTokens
  audit: Audit
}

/**
 * Opens the database of a network, and makes it when there is none. Rejects with `INVALID` when it is damaged, of
 * another network or root key, or of a later version; nothing of it is changed then.
 */
export async function openStore(path: string, of: NetworkTrust): Promise<Store> {
  const database = await Database.open(path)

  try {
    await checkNetwork(database, of)
  } catch (error) {
    database.close()
    throw error
  }

  return {
    database,
    apps: new Apps(database),
    secrets: new Secrets(database),
    certificates: new Certificates(database),
    bars: new Bars(database),
    tokens: new AdminTokens(database),
    audit: new Audit(database)
  }
}

async function checkNetwork(database: Database, { network, root, rootSets = [] }: NetworkTrust): Promise<void> {
  database.run('INSERT INTO network (name, root) SELECT ?, ? WHERE NOT EXISTS (SELECT 1 FROM network)', network, root)
  const known = database.get('SELECT name, root FROM network')
  const trust = { network, roots: [String(known?.root)], rootSets: [...new RootSets(database).tokens, ...rootSets] }

  if (known?.name !== network || !(await leadsTo(trust, root))) {
    const text = `the database ${database.path} is of ${known?.name} with the root ${known?.root}`
    throw new NexusError('INVALID', `${text}, the authority of ${network} with ${root}: name another file`)
  }
}
