import type { Body } from './load.ts'

/** One who takes part in the channel of a bench. */
export interface ChannelMember {
  /** Resolves when nothing that is published from then on is missed. */
  subscribe: (onBody: (body: Body) => void) => Promise<void>
  /** Resolves when it was handed over. */
  publish: (body: Body) => Promise<void>
}

/** One way of broadcasting. */
export interface ChannelKind {
  /** Starts what all members need, in a process of its own, and gives what they find it by. */
  hub: (members: number) => Promise<string>
  /** The same as its operators run it, where that is another program. */
  program?: (members: number) => Promise<string>
  /** Joins. The first member, of index 0, joins before the others. */
  join: (address: string, index: number) => Promise<ChannelMember>
}

export const CHANNEL = 'bench'
