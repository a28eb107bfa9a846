/** The sidecar as one file, as the Python package brings it (scripts/bundle-sidecar.ts). */
declare const NEXUS_VERSION: string

if (typeof Promise.withResolvers !== 'function') {
  process.stderr.write(
    `nexus-mesh needs Node 22.12 or later; this is ${process.version}: install it, or set NEXUS_NODE\n`
  )
  process.exit(1)
}

const { runSidecar } = await import('./sidecar.ts')
process.exit(await runSidecar(NEXUS_VERSION))

export {}
