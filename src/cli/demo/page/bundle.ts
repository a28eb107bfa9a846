import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { PACKAGE_ROOT } from '../../package-files.ts'

const CLIENT = join(PACKAGE_ROOT, 'src/cli/demo/page/client')

/**
 * Builds the page of the demo into a directory: `index.html`, `style.css`, `main.js`. Needs `esbuild`, as in a clone.
 */
export async function bundleDemoPage(outdir: string): Promise<void> {
  const { build } = await import('esbuild')
  await build({
    entryPoints: [join(CLIENT, 'main.ts')],
    outdir,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    conditions: ['browser', 'import'],
    mainFields: ['browser', 'module', 'main'],
    define: { global: 'globalThis' },
    logLevel: 'warning'
  })

  for (const name of ['index.html', 'style.css']) {
    await cp(join(CLIENT, name), join(outdir, name))
  }
}
