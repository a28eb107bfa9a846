/** The licences of packages that are bundled, which ask for their text to go with them. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Metafile } from 'esbuild'

/** Stands beside what is bundled. */
export const LICENSES_FILE = 'THIRD-PARTY-LICENSES.txt'

const root = join(import.meta.dirname, '..')
const RULE = '='.repeat(80)

interface Package {
  name: string
  version: string
  license: string
  /** The texts that it brings, its own name for each left out. */
  texts: string[]
}

/** Writes one file with name, version and licence of each package that went into these bundles, and the texts once. */
export function writeThirdPartyLicenses(path: string, bundles: readonly Metafile[]): void {
  const packages = bundledPackages(bundles).map(readPackage)
  const withText = Map.groupBy(
    packages.flatMap((one) => one.texts.map((text) => ({ title: titleOf(one), text }))),
    ({ text }) => text
  )
  const chapters = [...withText].map(
    ([text, users]) => `${RULE}\n${users.map(({ title }) => title).join('\n')}\n\n${text}\n`
  )
  writeFileSync(path, `Bundled in nexus-mesh:\n\n${packages.map(titleOf).join('\n')}\n\n${chapters.join('\n')}`)
}

/** Their folders, from the root of the repository. */
function bundledPackages(bundles: readonly Metafile[]): string[] {
  const files = bundles.flatMap(({ outputs }) =>
    Object.values(outputs).flatMap(({ inputs }) =>
      Object.keys(inputs).filter((file) => inputs[file]!.bytesInOutput > 0)
    )
  )
  const folders = files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0] ?? [])
  return [...new Set(folders)].sort()
}

function readPackage(folder: string): Package {
  const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))

  if (typeof license !== 'string') {
    throw new Error(`${folder} names no license: it cannot be bundled`)
  }
  const files = readdirSync(join(root, folder)).filter((file) => /^(licen[cs]e|copying|copyright|notice)/i.test(file))
  return { name, version, license, texts: files.map((file) => readFileSync(join(root, folder, file), 'utf8').trim()) }
}

function titleOf({ name, version, license }: Package): string {
  return `${name} ${version}: ${license}`
}
