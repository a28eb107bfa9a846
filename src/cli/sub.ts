import { type Command, Option } from 'commander'
import { NexusError } from '../errors.ts'
import type { ChannelMessage, HistoryOptions } from '../types.ts'
import { addMeshFlags, toCount, toMs } from './flags.ts'
import { Interrupted } from './interrupt.ts'
import { Output } from './output.ts'
import { type ChannelFlags, checkChannel } from './pub.ts'
import { type Joined, withNexus } from './with-nexus.ts'

interface SubFlags extends ChannelFlags {
  last?: number
  since?: number
  count?: number
}

export function addSub(program: Command): void {
  const command = program
    .command('sub')
    .description('print what is published on a channel, a JSON line each, until interrupted')
    .argument('<channel>', 'its name')
    .option('--secret <text>', 'the secret of those who publish')
    .addOption(new Option('--last <n>', 'begin with the newest that others keep').argParser(toCount).conflicts('since'))
    .option('--since <time>', 'begin with what was published in that time and is kept, like 10m', toMs)
    .option('--count <n>', 'end after so many messages', toCount)
    .addHelpText(
      'after',
      `
With --count and --timeout it exits with 6 when fewer messages came in time.

Example:
  nexus sub news --count 1`
    )
    .action(subscribe)
  addMeshFlags(command)
}

async function subscribe(channel: string, flags: SubFlags): Promise<void> {
  const output = new Output(flags)
  await checkChannel(channel)

  try {
    await withNexus(flags, output, (joined) => printMessages(channel, flags, output, joined))
  } catch (error) {
    // Without a number of messages to wait for, this is how it ends.
    const isOver = error instanceof Interrupted || (error instanceof NexusError && error.code === 'TIMEOUT')

    if (flags.count !== undefined || !isOver) {
      throw error
    }
  }
}

async function printMessages(channel: string, flags: SubFlags, output: Output, joined: Joined): Promise<void> {
  const { nexus, signal } = joined
  const { promise: done, resolve } = Promise.withResolvers<void>()
  let count = 0

  const print = (message: ChannelMessage): void => {
    if (count !== flags.count) {
      count++
      printMessage(message)
    }

    if (count === flags.count) {
      resolve()
    }
  }

  const { reach } = await nexus.subscribe(channel, print, {
    secret: flags.secret,
    signal,
    history: historyOf(flags),
    onGap: ({ from, missed }) => output.note(`nexus: warning: ${missed} messages of ${from.jid} did not arrive`)
  })
  output.note(`subscribed to ${channel} (known to: ${reach})`)
  await done
}

function historyOf({ last, since }: SubFlags): HistoryOptions | undefined {
  const newest = last === undefined ? undefined : { last }
  return since === undefined ? newest : { since: Date.now() - since }
}

function printMessage({ channel, body, from, itsMe, itsBro, seq, replayed }: ChannelMessage): void {
  const shown = body instanceof Uint8Array ? { bodyBase64: Buffer.from(body).toString('base64') } : { body }
  const { jid, peerId } = from
  process.stdout.write(`${JSON.stringify({ channel, from: jid, peerId, ...shown, itsMe, itsBro, seq, replayed })}\n`)
}
