import type { Command } from 'commander'
import { addGrant } from './authority/grant.ts'
import { addInit } from './authority/init.ts'
import { addIssue } from './authority/issue.ts'
import { addRevoke } from './authority/revoke.ts'
import { addShow } from './authority/show.ts'

export function addAuthority(program: Command): void {
  const group = program
    .command('authority')
    .description("hold a network's root key: make certificates, grants and revocations")
    .addHelpText(
      'after',
      `
The authority takes no part in the mesh: its directory belongs on no machine that runs a block.

Example:
  nexus authority init --network mesh.example.org
  nexus authority issue --app etest --uid anna --role owner --block worker --resource default --out anna.json`
    )

  addInit(group)
  addIssue(group)
  addGrant(group)
  addRevoke(group)
  addShow(group)
}
