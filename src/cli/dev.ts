import { type Command, Option } from 'commander'
import type { DevMesh } from './dev/dev-mesh.ts'
import { addCommonFlags, type CommonFlags, toList, toPort } from './flags.ts'
import { aborted, interruptible } from './interrupt.ts'
import { Output } from './output.ts'

interface DevFlags extends CommonFlags {
  dir: string
  app?: string[]
  port: number
  listen?: string[]
}

export function addDev(program: Command): void {
  const command = program
    .command('dev')
    .description(
      'run a mesh to develop with until interrupted: a relay, and an authority service that certifies blocks'
    )
    .option('--app <app>', 'an app to develop; repeat it, or separate with commas (default: dev)', toList)
    .option('--dir <directory>', 'where all of it is kept', '.nexus/dev')
    .addOption(new Option('--port <port>', 'of the authority service; 0: a free one').argParser(toPort).default(9800))
    .option('--listen <multiaddr>', 'where the relay listens (default: TCP 9700, WebSocket 9701, loopback)', toList)
    .addHelpText(
      'after',
      `
For each app it writes <dir>/<app>.env, with which workers of the app join, and <dir>/<app>.caller.env, for blocks that
only call. All are of the user dev, who owns the apps and has the service of each. More users and apps: nexus authority
admin, with <dir>/admin.env; credential files: nexus authority issue --dir <dir>. It is not reached from other machines.
With --json it prints one line when it runs: { event: "ready", network, origin, bootstrap, admin, apps }.

Example:
  nexus dev --app etest
  node --env-file=.nexus/dev/etest.env worker.js        in another terminal: createNexus({ handlers })`
    )
    .action(dev)
  addCommonFlags(command)
}

async function dev({ dir, app: apps = ['dev'], port, listen, ...flags }: DevFlags): Promise<void> {
  const { DevMesh } = await import('./dev/dev-mesh.ts')
  const output = new Output(flags)

  await interruptible(async (signal) => {
    const mesh = await DevMesh.start({ directory: dir, apps, port, listen })

    try {
      output.result({ event: 'ready', ...mesh.description }, greeting(mesh, dir))
      await aborted(signal)
    } finally {
      await mesh.stop()
    }
  })
}

function greeting({ description: { network, origin, bootstrap, admin, apps } }: DevMesh, dir: string): string {
  return [
    `${network}, kept in ${dir}`,
    `authority service: ${origin}`,
    ...bootstrap.map((address) => `relay: ${address}`),
    '',
    ...apps.flatMap(({ app, worker, caller }) => [
      `${app}: node --env-file=${worker} worker.js`,
      `${' '.repeat(app.length)}  node --env-file=${caller} caller.js`
    ]),
    `with the command line: set -a; . ${apps[0]?.caller ?? admin}`
  ].join('\n')
}
