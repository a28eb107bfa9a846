import { copyFile, mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Metafile } from 'esbuild'
import { bundleNode } from '../../scripts/bundle-node.ts'

const ROOT = join(import.meta.dirname, '../..')

/**
 * Makes the package, built without types, and packages of this repository what a project's programs import. Gives what
 * went into the build.
 */
export async function linkPackages(project: string, names: readonly string[]): Promise<Metafile> {
  const own = join(project, 'node_modules/nexus-mesh')
  await mkdir(own, { recursive: true })
  const metafile = await bundleNode(join(own, 'dist'))
  await copyFile(join(ROOT, 'package.json'), join(own, 'package.json'))

  for (const name of names) {
    await mkdir(join(project, 'node_modules', name, '..'), { recursive: true })
    await symlink(join(ROOT, 'node_modules', name), join(project, 'node_modules', name))
  }

  return metafile
}
