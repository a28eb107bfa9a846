import type { Logger } from '@libp2p/interface'
import type { HandlerErrorReporter } from '../../lib/handler-errors.ts'
import type { Clock, Identity } from '../../types.ts'
import type { SignedGossip } from '../gossip/signed-gossip.ts'
import type { History } from '../history/history.ts'
import type { TopicInterest } from '../subscription/topic-interest.ts'
import type { DeriveChannelKey } from './channel-key.ts'

export interface ChannelsInit {
  /** Who this block is. */
  self: Identity
  /** This block's, which its messages bear the time of. */
  clock: Clock
  gossip: SignedGossip
  interest: TopicInterest
  history: History
  /** The largest body, in bytes. Default, and at most, 16 KiB less than 4 MiB: what gossip carries. */
  bodyLimitBytes?: number
  /** How long a subscribe or publish may take that does not say, in ms. Default 30,000. */
  timeoutMs?: number
  /** Default: by WebCrypto. */
  deriveKey?: DeriveChannelKey
  onHandlerError: HandlerErrorReporter
  log: Logger
}
