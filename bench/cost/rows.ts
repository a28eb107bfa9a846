import { setTimeout as pause } from 'node:timers/promises'
import type { Order as ChannelOrder } from '../channel/side.ts'
import type { Row } from '../row.ts'
import type { SideProcess } from '../side-process.ts'
import type { Stage } from '../stage.ts'
import { builtPrograms } from './build.ts'
import { FIND_ROW } from './find.ts'
import type { Order } from './side.ts'

const MB = 1e6
const KB = 1e3
const MEMBERS = 200
/** Members of one process. */
const A_PROCESS = 50
/** What every server has anyway, before the members that count. */
const FIRST_MEMBERS = 10
const SETTLES_MS = 1_500
const RESTS_MS = 3_000

export const COST_ROWS: Row[] = [
  {
    name: 'start',
    title: 'from process start to the first answered call',
    measures: [{ name: 'first call', unit: 'ms', better: 'less' }],
    kinds: ['nexus', 'nats', 'socketio', 'xmpp', 'moleculer'],
    async run(kind, stage) {
      const { cost: program } = await builtPrograms()
      const address = await stage.start(program).order<string>({ do: 'serve', kind } satisfies Order)
      const startedAt = performance.now()
      await stage.start(program).order({ do: 'call', kind, address } satisfies Order)
      return { values: { 'first call': performance.now() - startedAt } }
    }
  },
  {
    name: 'idle',
    title: 'an idle worker, over a bare Node process',
    measures: [
      { name: 'memory', unit: 'MB', better: 'less' },
      { name: 'of its own (PSS)', unit: 'MB', better: 'less' },
      { name: 'CPU', unit: '%', better: 'less' }
    ],
    kinds: ['nexus', 'nats', 'moleculer'],
    async run(kind, stage) {
      const { cost: program } = await builtPrograms()
      const bare = stage.start(program)
      await bare.order({ do: 'nothing' } satisfies Order)
      const worker = stage.start(program)
      const address = await worker.order<string>({ do: 'serve', kind } satisfies Order)
      await stage.start(program).order({ do: 'call', kind, address } satisfies Order)
      const cpu = await idleCpu(worker)
      const [own, others] = [worker.memory(), bare.memory()]
      const pss = (own.pss ?? Number.NaN) - (others.pss ?? Number.NaN)
      return { values: { memory: (own.rss - others.rss) / MB, 'of its own (PSS)': pss / MB, CPU: cpu } }
    }
  },
  {
    name: 'member',
    title: `a relay or server with ${MEMBERS} idle members`,
    measures: [
      { name: 'memory', unit: 'kB a member', better: 'less' },
      { name: 'idle CPU', unit: '%', better: 'less' }
    ],
    kinds: ['nexus-relay', 'nats', 'socketio'],
    async run(kind, stage) {
      const members = FIRST_MEMBERS + MEMBERS
      const { channel: program } = await builtPrograms()
      const hub = stage.start(program)
      const address = await hub.order<string>({ do: 'hub', kind, members, asProgram: true } satisfies ChannelOrder)
      await join(stage, { program, kind, address, from: 0, to: FIRST_MEMBERS })
      await pause(SETTLES_MS)
      const before = hub.groupMemory()
      const processes = Array.from({ length: MEMBERS / A_PROCESS }, (_, index) => FIRST_MEMBERS + index * A_PROCESS)
      await Promise.all(processes.map((from) => join(stage, { program, kind, address, from, to: from + A_PROCESS })))
      const cpu = await idleCpu(hub)
      return { values: { memory: (hub.groupMemory() - before) / MEMBERS / KB, 'idle CPU': cpu } }
    }
  },
  FIND_ROW
]

/** These members in a process of their own. */
async function join(
  stage: Stage,
  group: { program: string; kind: string; address: string; from: number; to: number }
): Promise<void> {
  const { program, kind, address, from, to } = group
  const process = stage.start(program)

  for (let index = from; index < to; index++) {
    await process.order({ do: 'join', kind, address, index } satisfies ChannelOrder)
  }
}

/** In percent of a core, once it has come to rest. */
async function idleCpu(process: SideProcess): Promise<number> {
  await pause(SETTLES_MS)
  const [before, startedAt] = [process.cpu() ?? Number.NaN, performance.now()]
  await pause(RESTS_MS)
  return (((process.cpu() ?? Number.NaN) - before) / (performance.now() - startedAt)) * 100
}
