/** The program `nexus`. */
import { useCompileCache } from './compile-cache.ts'

useCompileCache()

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Whoever read the output has seen enough: `nexus find | head -1`.
  process.exit(error.code === 'EPIPE' ? 0 : 1)
})

// What is loaded from here on comes out of the cache.
const { run } = await import('./run.ts')
process.exitCode = await run(process.argv.slice(2))

// By itself the process would end a second later: libp2p leaves timers behind when it stops.
process.stdout.write('', () => process.exit())
