import type { Command } from 'commander'
import { addAdmin } from './authority/admin.ts'
import { addBackup } from './authority/backup.ts'
import { addGrant } from './authority/grant.ts'
import { addInit } from './authority/init.ts'
import { addIssue } from './authority/issue.ts'
import { addIssuer } from './authority/issuer.ts'
import { addList } from './authority/list.ts'
import { addRenew } from './authority/renew.ts'
import { addRevoke } from './authority/revoke.ts'
import { addRotate } from './authority/rotate.ts'
import { addServe } from './authority/serve.ts'
import { addShow } from './authority/show.ts'
import { addToken } from './authority/token.ts'

export function addAuthority(program: Command): void {
  const group = program
    .command('authority')
    .description("hold a network's root key: make certificates, grants and revocations, or serve them")
    .addHelpText(
      'after',
      `
The authority takes no part in the mesh: its directory belongs on no machine that runs a block.

Example:
  nexus authority init --network mesh.example.org
  nexus authority issue --app etest --uid anna --role owner --block worker --resource default --out anna.json
  nexus authority serve`
    )

  addInit(group)
  addIssuer(group)
  addIssue(group)
  addRenew(group)
  addList(group)
  addGrant(group)
  addRevoke(group)
  addRotate(group)
  addShow(group)
  addServe(group)
  addToken(group)
  addBackup(group)
  addAdmin(group)
}
