import { hasDataChannel } from '../../node/runtime/data-channel.ts'
import { programPath } from '../package-files.ts'
import { Child, type ChildInit } from './child.ts'
import type { DemoNetwork, MemberName } from './members.ts'

/** A program that takes part in the demo, in a process of its own. Once it has joined it prints an event `ready`. */
export interface Participant {
  name: MemberName
  /** What it is, for people. */
  title: string
  command: string
  args: (place: Place) => string[]
  /** What its environment has beside that of the demo. */
  env?: (place: Place) => Record<string, string>
}

/** What it needs to join. */
export interface Place {
  credential: string
  bootstrap: string[]
}

const LOOPBACK_TCP = '/ip4/127.0.0.1/tcp/0'
const LOOPBACK_WEBRTC = '/ip4/127.0.0.1/udp/0/webrtc-direct'
/** The program `nexus` as it runs here. */
export const NEXUS_PROGRAM = programPath('src/cli/main.ts')

export const RELAY: Participant = {
  name: 'relay',
  title: 'relay',
  command: process.execPath,
  args: ({ credential }) => [
    NEXUS_PROGRAM,
    'relay',
    '--json',
    ...['--credential', credential],
    ...['--listen', LOOPBACK_TCP, '--listen', `${LOOPBACK_TCP}/ws`]
  ]
}

export const WORKERS: readonly Participant[] = (['anna1', 'anna2', 'ben1'] as const).map((name, index) =>
  // One of them shows what pages gain by WebRTC-Direct.
  nodeWorker(name, index === 0 && hasDataChannel() ? ['--webrtc', '--listen', LOOPBACK_WEBRTC] : [])
)

function nodeWorker(name: MemberName, more: readonly string[]): Participant {
  return {
    name,
    title: 'Node worker',
    command: process.execPath,
    args: ({ credential, bootstrap }) => [
      programPath('src/cli/demo/worker.ts'),
      ...['--credential', credential],
      ...bootstrap.flatMap((address) => ['--bootstrap', address]),
      ...['--listen', LOOPBACK_TCP, ...more]
    ]
  }
}

/** Starts a participant. `onLost` is told when it ends before it is stopped. */
export function startParticipant(
  participant: Participant,
  place: { network: DemoNetwork; bootstrap: string[]; onLost: ChildInit['onLost'] }
): Child {
  const { name, command } = participant
  const { network, bootstrap, onLost } = place
  // What is set for whoever runs the demo is not meant for the mesh of the demo.
  const { NEXUS_CREDENTIAL: _credential, NEXUS_BOOTSTRAP: _bootstrap, ...env } = process.env
  const own = { credential: network.pathOf(name), bootstrap }
  return new Child(name, { command, args: participant.args(own), env: { ...env, ...participant.env?.(own) }, onLost })
}
