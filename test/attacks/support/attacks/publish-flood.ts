import { multiaddr } from '@multiformats/multiaddr'
import { ChannelCipher, NONCE_BYTES } from '../../../../src/protocols/channel/cipher.ts'
import { channelTopic } from '../../../../src/protocols/gossip/topic-names.ts'
import { ChannelBatch, ChannelItems } from '../../../../src/protocols/pb/channel.ts'
import { MALLORY_UID } from '../../../support/identities.ts'
import { startMember, type TestMember } from '../../../support/members.ts'
import { until } from '../../../support/until.ts'
import type { Attack, Target } from '../attack.ts'
import { honestChannel } from '../honest-channel.ts'
import { network } from '../rogue.ts'

const BURST = 6_000
const PAUSE_MS = 1_000
const EPOCH = 1n

/** Publishes valid messages one by one, each signed for itself, thousands at once, again and again. */
async function flood({ relay }: Target, name: string): Promise<() => string> {
  const topic = channelTopic(network.network, name)
  const [sender, receiver] = [await member(relay), await member(relay)]
  receiver.parts.gossip.join(topic, () => undefined)
  sender.parts.gossip.join(topic, () => undefined)
  await until(() => sender.parts.gossip.subscribers(topic).length > 0, 'the relay joins', 20_000)
  const cipher = new ChannelCipher({ network: network.network, name })
  let published = 0
  const publish = async (): Promise<void> => {
    for (;;) {
      const burst = Array.from({ length: BURST }, () => message(sender, cipher, published++))
      const payloads = await Promise.all(burst)
      await Promise.allSettled(payloads.map((payload) => sender.parts.gossip.publish(topic, payload)))
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
  }
  void publish()
  return () => `${published} messages`
}

async function member(relay: readonly string[]): Promise<TestMember> {
  const block = { uid: MALLORY_UID, role: 'user', block: 'device', resource: 'flooder' } as const
  const member = await startMember(network, { block, listen: [] })
  await member.parts.node.libp2p.dial(relay.map((address) => multiaddr(address)))
  return member
}

async function message(sender: TestMember, cipher: ChannelCipher, first: number): Promise<Uint8Array<ArrayBuffer>> {
  const items = [{ body: new TextEncoder().encode(JSON.stringify({ from: -1, at: first })), type: 0 }]
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES))
  const head = { sender: sender.peerId, epoch: EPOCH, first }
  return ChannelBatch.encode({
    epoch: EPOCH,
    first,
    nonce,
    ciphertext: await cipher.seal(head, nonce, ChannelItems.encode({ items }))
  })
}

export const publishFlood: Attack = {
  what: 'one member publishes 6,000 valid messages at once, on a channel of its own',
  begin: (target) => flood(target, 'mallory')
}

export const channelFlood: Attack = {
  what: 'the same on a channel of five honest clients',
  begin: (target) => flood(target, honestChannel(0))
}
