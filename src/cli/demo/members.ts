import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Authority } from '../../identity/authority.ts'
import { writeCredentialFile } from '../../node/runtime/credential-file.ts'
import { writeAuthority } from '../authority-file.ts'
import { type CredentialRequest, issueCredential } from '../issue-credential.ts'

/** The app whose workers run in the demo. */
export const SERVICE = 'etest'
export const DEMO_NETWORK = 'demo.example'
export const FOREIGN_NETWORK = 'elsewhere.example'

/** Who takes part, by the name of their credential file. */
const MEMBERS = {
  relay: { app: 'mesh', uid: 'operator', role: 'owner', block: 'relay', resource: 'relay' },
  anna1: { app: SERVICE, uid: 'anna', role: 'owner', block: 'worker', resource: 'default' },
  anna2: { app: SERVICE, uid: 'anna', role: 'owner', block: 'worker', resource: 'spare' },
  ben1: { app: SERVICE, uid: 'ben', role: 'partner', block: 'worker', resource: 'default' },
  pyworker: { app: SERVICE, uid: 'ben', role: 'partner', block: 'worker', resource: 'pydefault' },
  carla: { app: 'shop', uid: 'carla', role: 'user', block: 'device', resource: 'caller', grants: [SERVICE] },
  // Has not got the service.
  dora: { app: 'shop', uid: 'dora', role: 'user', block: 'device', resource: 'caller' },
  // For two terminals of whoever tries the mesh.
  you: { app: 'shop', uid: 'you', role: 'user', block: 'device', resource: 'terminal', grants: [SERVICE] },
  listener: { app: 'shop', uid: 'you', role: 'user', block: 'device', resource: 'listener', grants: [SERVICE] }
} as const satisfies Record<string, Omit<CredentialRequest, 'grants'> & { grants?: readonly string[] }>

export type MemberName = keyof typeof MEMBERS

/** The network of the demo, and where its files lie. */
export interface DemoNetwork {
  authority: Authority
  /** The path of a member's credential file. */
  pathOf: (member: MemberName | 'stranger') => string
  /** How many credentials were made. */
  count: number
}

/** Makes the network's authority, the credential of each member, and that of a stranger from another network. */
export async function createDemoNetwork(directory: string): Promise<DemoNetwork> {
  const authority = await Authority.create({ network: DEMO_NETWORK })
  const foreign = await Authority.create({ network: FOREIGN_NETWORK })
  const pathOf = (name: string): string => join(directory, `${name}.json`)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await writeAuthority(join(directory, 'authority'), authority)
  const write = async (
    by: Authority,
    name: string,
    { grants, ...request }: (typeof MEMBERS)[MemberName] & { grants?: readonly string[] }
  ) => writeCredentialFile(pathOf(name), await issueCredential(by, { ...request, grants: [...(grants ?? [])] }))
  const members = Object.entries(MEMBERS)
  await Promise.all([
    ...members.map(([name, member]) => write(authority, name, member)),
    write(foreign, 'stranger', MEMBERS.carla)
  ])
  return { authority, pathOf, count: members.length + 1 }
}
