/** The program `nexus`. */
import { run } from './run.ts'

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Whoever read the output has seen enough: `nexus find | head -1`.
  process.exit(error.code === 'EPIPE' ? 0 : 1)
})

process.exitCode = await run(process.argv.slice(2))

// By itself the process would end a second later: libp2p leaves timers behind when it stops.
process.stdout.write('', () => process.exit())
