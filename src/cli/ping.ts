import type { Command } from 'commander'
import { NexusError } from '../errors.ts'
import type { PeerPath, WorkerInfo } from '../types.ts'
import { addMeshFlags, addTargetFlags, type MeshFlags, type TargetFlags, targetOf, toCount } from './flags.ts'
import { Output, table } from './output.ts'
import { type Joined, withNexus } from './with-nexus.ts'

interface PingFlags extends MeshFlags, Omit<TargetFlags, 'app'> {
  app?: string
  count: number
}

/** What was measured at one worker; times in ms. */
interface Measured {
  jid: string
  peerId: string
  ms: number[]
  /** How the worker is reached, the best path first; with `--verbose`. */
  paths?: Array<Omit<PeerPath, 'peer'>>
}

export function addPing(program: Command): void {
  const command = program
    .command('ping')
    .description('measure round trips to every worker that is meant, without a grant')
    .option('--app <app>', 'the app whose workers are meant; needed unless --peer is connected already')
    .option('--count <n>', 'round trips to each', toCount, 4)
    .addHelpText(
      'after',
      '\nExample:\n  nexus ping --app etest --count 10\n  nexus ping --app etest --verbose   # and by which paths, and what was tried'
    )
    .action(ping)
  addMeshFlags(addTargetFlags(command))
}

async function ping(flags: PingFlags): Promise<void> {
  if (flags.app === undefined && flags.peer === undefined) {
    throw new NexusError('INVALID', 'whom to ping? give --app <app> or --peer <id>')
  }

  const output = new Output(flags)

  if (flags.app !== undefined) {
    await targetOf({ ...flags, app: flags.app })
  }

  await withNexus(flags, output, async (joined) => {
    const workers = await findWorkers(flags, joined)
    const measured: Measured[] = []

    for (const worker of workers) {
      const result = await measure(worker, flags.count, joined)
      measured.push(flags.verbose === true ? { ...result, paths: pathsTo(worker, joined) } : result)
    }

    output.result(measured, listing(measured))
  })
}

async function findWorkers(flags: PingFlags, { nexus, signal, remainingMs }: Joined): Promise<WorkerInfo[]> {
  const app = flags.app ?? nexus.peers.find(({ peer }) => peer.peerId === flags.peer)?.peer.app

  if (app === undefined) {
    throw new NexusError('INVALID', `${flags.peer} is not connected to this block: give its --app too, to find it`)
  }

  const workers = await nexus.find({ ...(await targetOf({ ...flags, app })), timeoutMs: remainingMs(), signal })

  if (workers.length === 0) {
    throw new NexusError('NO_WORKER', `nobody serves the app '${app}' now`)
  }

  return workers
}

async function measure(worker: WorkerInfo, count: number, joined: Joined): Promise<Measured> {
  const { nexus, signal, remainingMs } = joined
  const { jid, peerId } = worker
  const ms: number[] = []

  for (let round = 0; round < count; round++) {
    const roundTrip = await nexus.ping(peerId, { timeoutMs: remainingMs(), signal })
    ms.push(Math.round(roundTrip * 1000) / 1000)
  }

  return { jid, peerId, ms }
}

function pathsTo({ peerId }: WorkerInfo, { nexus }: Joined): Array<Omit<PeerPath, 'peer'>> {
  const paths = nexus.peers.flatMap(({ peer, ...path }) => (peer.peerId === peerId ? path : []))
  return paths.toSorted((a, b) => Number(a.path === 'relay') - Number(b.path === 'relay'))
}

function pathListing({ jid, paths = [] }: Measured): string[] {
  return [
    `\n${jid}`,
    ...paths.map(({ path, direction, address }) => `  ${path} (${direction})  ${address}`),
    ...(paths[0]?.tried ?? []).map(({ address, reason }) => `  tried  ${address}: ${reason}`)
  ]
}

function listing(measured: Measured[]): string {
  const rows = measured.map(({ jid, peerId, ms }) => {
    const sorted = ms.toSorted((a, b) => a - b)
    const median = sorted[Math.floor(sorted.length / 2)]!
    return [jid, peerId, ...[sorted[0]!, median, sorted.at(-1)!].map((value) => value.toFixed(2).padStart(8))]
  })
  const times = table([['JID', 'PEER ID', '  MIN ms', '  P50 ms', '  MAX ms'], ...rows])
  const paths = measured.filter((one) => one.paths !== undefined).flatMap(pathListing)
  return [times, ...paths].join('\n')
}
