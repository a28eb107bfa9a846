import { NexusError } from '../../errors.ts'
import { AdminTokens } from './admin-tokens.ts'
import { Apps } from './apps.ts'
import { Audit } from './audit.ts'
import { Bars } from './bars.ts'
import { Certificates } from './certificates.ts'
import { Database } from './database.ts'
import { Secrets } from './secrets.ts'

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
export async function openStore(path: string, of: { network: string; root: string }): Promise<Store> {
  const database = await Database.open(path)

  try {
    checkNetwork(database, of)
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

function checkNetwork(database: Database, { network, root }: { network: string; root: string }): void {
  database.run('INSERT INTO network (name, root) SELECT ?, ? WHERE NOT EXISTS (SELECT 1 FROM network)', network, root)
  const known = database.get('SELECT name, root FROM network')

  if (known?.name !== network || known.root !== root) {
    const text = `the database ${database.path} is of ${known?.name} with the root ${known?.root}`
    throw new NexusError('INVALID', `${text}, the authority of ${network} with ${root}: name another file`)
  }
}
