import { memory } from '@libp2p/memory'
import { noise } from '@libp2p/noise'
import { NOISE_PROTOCOL } from '../constants.ts'
import type { Platform } from '../node/libp2p/platform.ts'
import { nodePlatform } from '../node/runtime/node.ts'

/** Blocks of one process that reach each other without a socket, behind the gate, by Noise as pages have it. */
export const memoryPlatform: Platform = {
  ...nodePlatform,
  transports: async () => [memory()],
  encrypters: [{ protocol: NOISE_PROTOCOL, factory: noise() }],
  // All are connected with each other: nobody is left to be searched for.
  dht: undefined,
  providerRecords: undefined,
  defaultListen: () => [`/memory/${crypto.randomUUID()}`]
}
