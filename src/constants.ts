/** Protocol ids, limits and timeouts. Sizes are in bytes, times in milliseconds unless named otherwise. */

/** The wrapped connection encrypters of the gate. Ids of their own, so that a stock peer fails in negotiation. */
export const NOISE_PROTOCOL = '/nexus/noise/1.0.0'
export const TLS_PROTOCOL = '/nexus/tls/1.0.0'
/** The long-lived stream between two verified blocks. */
export const SESSION_PROTOCOL = '/nexus/session/1.0.0'
/** What a peer speaks that WebRTC can be signalled to (libp2p's "WebRTC" specification). */
export const SIGNALING_PROTOCOL = '/webrtc-signaling/0.0.1'
/** The network's own Kademlia DHT. */
export const DHT_PROTOCOL = '/nexus/kad/1.0.0'

/** A certificate, grant, lease or certificate request: one JWS of this size at most, checked before it is parsed. */
export const MAX_CERTIFICATE_BYTES = 8 * 1024
/** A revocation list: some 11,000 peer ids. */
export const MAX_REVOCATION_BYTES = 1024 * 1024
/** `nbf` lies this far before `iat`, for clocks that run late (seconds). */
export const CERTIFICATE_BACKDATE_S = 300
/** Clock difference forgiven when times are checked (seconds). */
export const CLOCK_LEEWAY_S = 60
/** A certificate without `validForMs`: a lost key is worth a month at most. */
export const CERTIFICATE_VALIDITY_MS = 30 * 24 * 60 * 60_000
/** A grant without `validForMs`. It ends earlier with its holder's or its issuer's revocation. */
export const GRANT_VALIDITY_MS = 365 * 24 * 60 * 60_000
/** Entries of one signer's revocation lists that a member keeps: 100,000 in a month, and as many again. */
export const MAX_REVOKED = 200_000
/** An issuing key without `validForMs`: a root key is taken out of its safe once a year. */
export const ISSUER_VALIDITY_MS = 365 * 24 * 60 * 60_000
/** Verified certificates kept: each about 1 KiB, so 10 MiB at most. */
export const CERTIFICATE_CACHE_SIZE = 10_000

/** Both sides prove themselves within this time, or the connection closes. */
export const HANDSHAKE_TIMEOUT_MS = 5_000
/** A handshake message: a certificate and a few bytes of framing. */
export const MAX_HANDSHAKE_BYTES = MAX_CERTIFICATE_BYTES + 256
/** Connections that are in the gate at a time, of all hosts together. */
export const MAX_PENDING_CONNECTIONS = 4_000
/** Those of one host, unless it is this one: a proxy in front may be the host of all. */
export const MAX_PENDING_PER_HOST = 64
/** What an unverified peer may have sent on a connection: both handshakes take some 20 KiB at most. */
export const MAX_UNVERIFIED_BYTES = 256 * 1024
/** A WebSocket message, which is taken as a whole, also of a peer that has proven nothing yet. */
export const MAX_WEBSOCKET_MESSAGE_BYTES = 256 * 1024
/** Connections of one peer at a time: some paths to the same block, and some that have not been noticed dead. */
export const MAX_CONNECTIONS_PER_PEER = 8

/** A body, before and after the wire. */
export const DEFAULT_BODY_LIMIT_BYTES = 4 * 1024 * 1024
/** Arrays and objects of a JSON body lie in each other this deep at most: recursive code over bodies stays safe. */
export const MAX_JSON_DEPTH = 512
/** A body of the mesh's own commands (`$...`), whatever the application's limit: a full revocation list fits twice. */
export const MAX_SYSTEM_BODY_BYTES = 2 * 1024 * 1024
/** System commands of one peer that are answered at a time; more are answered `BUSY`. */
export const MAX_SYSTEM_CALLS = 32
/** A command's name, in UTF-8. */
export const MAX_COMMAND_BYTES = 255
/** A larger body goes in parts of this size, between which small frames pass. */
export const PART_BYTES = 32 * 1024
/** A frame: one part, a command name, a grant with its issuer's certificate, and some room. */
export const MAX_FRAME_BYTES = PART_BYTES + 2 * MAX_CERTIFICATE_BYTES + 4 * 1024
/** Calls of one peer that are served at a time; more are answered `BUSY`. */
export const MAX_IN_FLIGHT = 4_096
/** Bytes that the calls of one peer take, arriving or in work; a call beyond is answered `BUSY`. */
export const MAX_ASSEMBLY_BYTES = 64 * 1024 * 1024
/** What a call takes beside its body: its entry, its command, a signal. */
export const CALL_OVERHEAD_BYTES = 1_024
/** A body in parts of which nothing more comes for this long is given up. */
export const BODY_STALL_MS = 60_000
/** A frame that is not whole so long after its first byte ends its session, however slowly the rest drips. */
export const FRAME_TIMEOUT_MS = 30_000
/** Bytes waiting to be written on a session, above which callers wait and new requests are answered `BUSY`. */
export const WRITE_HIGH_WATER_BYTES = 8 * 1024 * 1024
/** Bytes waiting to be written, above which answers are dropped (their calls end as `LOST`): the peer does not read. */
export const MAX_UNREAD_BYTES = 64 * 1024 * 1024

/** The longest time that a timer takes: some 24 days. */
export const MAX_TIMER_MS = 0x7fff_ffff
/** An API call without `timeoutMs`. The platform's own default. */
export const DEFAULT_TIMEOUT_MS = 30_000
/** The longest a worker lets a handler run, whatever the caller asks. */
export const MAX_TIMEOUT_MS = 10 * 60_000
/**
 * A session with calls in flight that hears nothing for this long is pinged; the same time again without an answer, and
 * it is dead.
 */
export const SESSION_SILENCE_MS = 10_000
/**
 * A connection whose peer does not answer a ping for this long is ended. Longer than a session waits for a peer that has
 * its calls, as a relay does not know of the calls that it passes on.
 */
export const CONNECTION_SILENCE_MS = 2 * SESSION_SILENCE_MS + 5_000
/** How long a stopping block waits for calls that are under way. */
export const STOP_GRACE_MS = 3_000
/** How long one attempt to reach a worker may take before another is tried. */
export const DIAL_TIMEOUT_MS = 15_000
/** One address of a peer, in ms: a connection takes some seven ways there and back, on a slow path or a busy machine seconds. */
export const ADDRESS_DIAL_TIMEOUT_MS = 3_000

/**
 * The body of a channel message. Gossipsub carries 4 MiB at most, which the sender's certificate and the envelopes
 * round the body share.
 */
export const MAX_CHANNEL_BODY_BYTES = 4 * 1024 * 1024 - 16 * 1024
/**
 * A gossip message that is older, or so far in the future, is neither taken nor forwarded: gossipsub remembers for two
 * minutes what it has seen, and a message that was kept back for longer would count as a new one.
 */
export const GOSSIP_MAX_AGE_MS = 60_000

/** A channel name, in UTF-8. */
export const MAX_CHANNEL_NAME_BYTES = 255
/** A batch of channel messages closes at this many. */
export const MAX_BATCH_MESSAGES = 500
/** A batch of channel messages closes at this size, unless one message alone is larger. */
export const MAX_BATCH_BYTES = 256 * 1024

/** A lease that does not say how long it holds ends this long after it came, on the receiver's own clock. */
export const LEASE_TTL_MS = 15_000
/** A lease that says how long it holds ends after this at the latest. */
export const MAX_LEASE_HOLD_MS = 300_000
/** A worker of a small app signs a new lease this often: two may get lost before it drops out. */
export const LEASE_RENEW_MS = 5_000
/** Data of an error that a handler answers on purpose: it fits into one frame. */
export const MAX_ERROR_DATA_BYTES = 16 * 1024
