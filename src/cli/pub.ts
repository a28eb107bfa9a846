import { createInterface } from 'node:readline'
import type { Command } from 'commander'
import { pipe } from 'it-pipe'
import { NexusError } from '../errors.ts'
import type { Json } from '../types.ts'
import { parseBody } from './body.ts'
import { addMeshFlags, type MeshFlags } from './flags.ts'
import { Output } from './output.ts'
import { withNexus } from './with-nexus.ts'

export interface ChannelFlags extends MeshFlags {
  secret?: string
}

export function addPub(program: Command): void {
  const command = program
    .command('pub')
    .description('publish on a channel')
    .argument('<channel>', 'its name')
    .argument('[body...]', 'messages, each as JSON; - reads one from each line of stdin')
    .option('--secret <text>', 'only those who know it can read')
    .addHelpText('after', '\nExample:\n  nexus pub news \'{"hi":true}\' \'"again"\'')
    .action(publishAll)
  addMeshFlags(command)
}

async function publishAll(channel: string, bodies: string[], flags: ChannelFlags): Promise<void> {
  const output = new Output(flags)
  await checkChannel(channel)
  checkBodies(bodies)
  const given = fromStdin(bodies) ? undefined : bodies.map((body) => parseBody(body, 'the message'))

  await withNexus(flags, output, ({ nexus, signal }) => {
    const publish = async (messages: Iterable<Json> | AsyncIterable<Json>): Promise<void> => {
      for await (const body of messages) {
        const peers = await nexus.publish(channel, body, { secret: flags.secret, signal })
        output.result({ channel, peers }, `published to ${peers} ${peers === 1 ? 'peer' : 'peers'}`)
      }
    }
    // stdin is opened no earlier than it is read: what came before would be lost.
    return given === undefined
      ? pipe(createInterface({ input: process.stdin }), parseLines, publish)
      : pipe(given, publish)
  })
}

/** Rejects with `INVALID` when no channel can have this name: before anything is joined. */
export async function checkChannel(name: string): Promise<void> {
  const { checkChannelName } = await import('../protocols/gossip/topic-names.ts')
  checkChannelName(name)
}

function checkBodies(bodies: string[]): void {
  if (bodies.length === 0) {
    throw new NexusError(
      'INVALID',
      'nothing to publish: give messages as JSON, or - to read one from each line of stdin'
    )
  }

  if (bodies.length > 1 && bodies.includes('-')) {
    throw new NexusError('INVALID', '- reads messages from stdin: give it alone, or messages as JSON')
  }
}

function fromStdin(bodies: string[]): boolean {
  return bodies.length === 1 && bodies[0] === '-'
}

async function* parseLines(lines: AsyncIterable<string>): AsyncGenerator<Json> {
  for await (const line of lines) {
    if (line.trim() !== '') {
      yield parseBody(line, 'the line')
    }
  }
}
