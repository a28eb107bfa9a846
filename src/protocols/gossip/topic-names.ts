import { sha256 } from '@noble/hashes/sha2.js'
import { toString as encodeBytes } from 'uint8arrays/to-string'
import { MAX_CHANNEL_NAME_BYTES } from '../../constants.ts'
import { NexusError } from '../../errors.ts'

/** What the topics of this project begin with: a relay forwards no others. */
export const TOPIC_PREFIX = '/nexus/'
export const CHANNEL_TOPIC_PREFIX = '/nexus/channel/'
export const LEASE_TOPIC_PREFIX = '/nexus/lease/'

/** Topics of this project have 58 characters at most. */
export const MAX_TOPIC_LENGTH = 128

const CHANNEL_LABEL = 'nexus channel topic v1'
const LEASE_LABEL = 'nexus lease topic v1'

const encoder = new TextEncoder()

/**
 * The gossip topic of a channel: `/nexus/channel/` and, in base64url without padding, SHA-256 of the UTF-8 bytes of
 * `nexus channel topic v1`, a zero byte, the network, a zero byte, the channel's name. A network contains no zero byte,
 * so no two channels share these bytes.
 */
export function channelTopic(network: string, name: string): string {
  return CHANNEL_TOPIC_PREFIX + digest(CHANNEL_LABEL, network, name)
}

/**
 * The gossip topic of an app's leases: `/nexus/lease/` and, in base64url without padding, SHA-256 of the UTF-8 bytes
 * of `nexus lease topic v1`, a zero byte, the network, a zero byte, the app.
 */
export function leaseTopic(network: string, app: string): string {
  return LEASE_TOPIC_PREFIX + digest(LEASE_LABEL, network, app)
}

/** `name` when it can name a channel: 1-255 bytes of UTF-8, no lone surrogates; else throws `INVALID`. */
export function checkChannelName(name: unknown): string {
  if (typeof name !== 'string' || name === '') {
    throw new NexusError('INVALID', 'a channel needs a name')
  }

  // UTF-8 has no bytes for half of a surrogate pair: such names would all become the same one.
  if (!name.isWellFormed()) {
    throw new NexusError('INVALID', 'the name of a channel holds half of a surrogate pair')
  }

  const bytes = encoder.encode(name).byteLength

  if (bytes > MAX_CHANNEL_NAME_BYTES) {
    throw new NexusError('INVALID', `the name of a channel takes ${MAX_CHANNEL_NAME_BYTES} bytes at most, not ${bytes}`)
  }

  return name
}

function digest(...parts: string[]): string {
  return encodeBytes(sha256(encoder.encode(parts.join('\0'))), 'base64url')
}
