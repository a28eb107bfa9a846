/** What is asked and answered with the mesh's own commands (docs/PROTOCOL.md, "System commands"). */
import * as v from 'valibot'
import { checkApp } from '../../identity/jid.ts'
import { checkPeerId } from '../../identity/keys.ts'
import { checkedText, parseJson } from '../../identity/schema.ts'
import type { Json } from '../../types.ts'
import { MAX_TOPIC_LENGTH, TOPIC_PREFIX } from '../gossip/topic-names.ts'

/** Leases in one answer: with a few addresses each about 1.3 KiB. */
export const MAX_LEASES_IN_ANSWER = 1_000
/** Workers that one `$gone` names at most. */
export const MAX_GONE = 1_000
/** Peers that an answer to `$providers` names at most. */
export const MAX_PROVIDERS = 64
/** Signers that `$revoked` names at most. */
const MAX_HELD_LISTS = 64
/** Texts in one answer to `$revoked`. */
const MAX_HELD_LISTS_IN_ANSWER = 1_000
/** Peers that an answer to `$topic` names at most. */
export const MAX_NAMED_PEERS = 8

/** The first items of a list; those that the schema does not take are left out. */
function listOf<S extends v.GenericSchema>(item: S, max: number) {
  return v.pipe(
    v.array(v.unknown()),
    v.transform((items) => items.slice(0, max).filter((one): one is v.InferOutput<S> => v.is(item, one)))
  )
}

const REVOCATIONS = v.object({ list: v.string() })
const HELD = v.pipe(
  v.record(v.string(), v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
  v.check((held) => Object.keys(held).length <= MAX_HELD_LISTS, 'too many lists')
)
const rootsVersion = v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0)), 0)
const rootSets = v.optional(v.pipe(v.array(v.string()), v.maxLength(MAX_HELD_LISTS)), [])
const REVOKED = v.object({ held: HELD, roots: rootsVersion })
const REVOKED_ANSWER = v.object({
  held: HELD,
  lists: v.pipe(v.array(v.string()), v.maxLength(MAX_HELD_LISTS_IN_ANSWER)),
  roots: rootsVersion,
  rootSets
})
const REVOCATIONS_ANSWER = v.object({ held: v.fallback(v.optional(HELD), undefined) })
const CERTIFICATE = v.object({ certificate: v.string() })
const APP = v.object({ app: checkedText(checkApp) })
const LEASES_QUESTION = v.object({
  app: checkedText(checkApp),
  after: v.optional(v.string()),
  alone: v.optional(v.boolean())
})
const LEASE_TEXTS = v.tupleWithRest([v.string(), v.string()], v.string())
const LEASES = v.object({
  leases: listOf(LEASE_TEXTS, MAX_LEASES_IN_ANSWER),
  next: v.fallback(v.optional(v.string()), undefined)
})
const GONE = v.object({ app: checkedText(checkApp), peers: listOf(v.string(), MAX_GONE) })
const PROVIDERS = v.object({ peers: listOf(v.string(), MAX_PROVIDERS) })
const PORT = v.fallback(v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))), undefined)
const RELAY = v.object({ stun: v.fallback(v.object({ ip4: PORT, ip6: PORT }), {}) })
const TOPIC = v.object({
  topic: v.pipe(
    v.string(),
    v.maxLength(MAX_TOPIC_LENGTH, 'too long'),
    v.startsWith(TOPIC_PREFIX, `not a topic under ${TOPIC_PREFIX}`)
  ),
  as: v.picklist(['subscriber', 'publisher'], 'asked neither as subscriber nor as publisher')
})
const TOPIC_ANSWER = v.object({
  known: v.fallback(v.boolean(), false),
  forwards: v.fallback(v.boolean(), false),
  subscribers: v.fallback(v.number(), 0),
  clients: v.fallback(v.optional(v.number()), undefined),
  peers: v.fallback(listOf(checkedText(checkPeerId), MAX_NAMED_PEERS), [])
})

/** The UDP ports on which a relay answers STUN, by the kind of address. */
export type StunPorts = v.InferOutput<typeof RELAY>['stun']

/** What `$topic` is asked. */
export interface TopicQuestion {
  topic: string
  /** What the asker is on the topic. */
  as: 'subscriber' | 'publisher'
}

/** What `$topic` answers. */
export interface TopicAnswer {
  /** The one that is asked knows the asker as a subscriber. */
  known: boolean
  /** It takes part in the topic, so what it gets goes on to others. */
  forwards: boolean
  /** Subscribers that it knows: itself when it receives the topic, never the asker. */
  subscribers: number
  /** Those of them that are no relays. */
  clients: number
  /** Peer ids of some of them, told to subscribers: whom to connect to. Relays are left out. */
  peers: string[]
}

// Each throws `INVALID`, naming the field at fault. Fields that are not known are ignored.

export function readRevocations(body: Json): { list: string } {
  return parseJson('$revocations', REVOCATIONS, body)
}

/** What a member holds: versions of revocation lists by who signs them, '' for the roots. */
export type HeldLists = Record<string, number>

/** What `$revoked` answers: versions that are held, of lists and of the root set, and what the asker lacks. */
export interface RevokedAnswer {
  held: HeldLists
  lists: string[]
  roots: number
  rootSets: string[]
}

/** What `$revocations` answers: `held` is absent from members of the earlier version. */
export function readRevocationsAnswer(answer: Json): { held?: HeldLists | undefined } {
  return parseJson('$revocations', REVOCATIONS_ANSWER, answer)
}

/** The question of `$revoked`. */
export function readHeld(body: Json): { held: HeldLists; roots: number } {
  return parseJson('$revoked', REVOKED, body)
}

/** The answer of `$revoked`. */
export function readRevoked(answer: Json): RevokedAnswer {
  return parseJson('$revoked', REVOKED_ANSWER, answer)
}

export function readCertificateShown(body: Json): { certificate: string } {
  return parseJson('$certificate', CERTIFICATE, body)
}

/** What `$leases` asks. */
export interface LeasesQuestion {
  app: string
  /** The `next` of the answer before. */
  after?: string
  /** Who asks is connected to no relay. */
  alone?: boolean
}

/** A lease that was handed on. */
export interface ToldLease {
  lease: string
  certificate: string
  /** What is left of its time, in ms, as the peer says that told it. */
  leftMs?: number
}

/** The question of `$providers` and of `$renew`. */
export function readApp(body: Json): { app: string } {
  return parseJson('question', APP, body)
}

export function readLeasesQuestion(body: Json): LeasesQuestion {
  return parseJson('$leases', LEASES_QUESTION, body)
}

/** Leases, each with its worker's certificate; further texts are ignored, and what is no such list is left out. */
export function readLeases(answer: Json): { leases: ToldLease[]; next: string | undefined } {
  const { leases, next } = parseJson('$leases', LEASES, answer)
  return {
    leases: leases.map(([lease, certificate, left]) => {
      const leftMs = left !== undefined && /^\d{1,9}$/.test(left) ? { leftMs: Number(left) } : {}
      return { lease, certificate, ...leftMs }
    }),
    next
  }
}

export function readGone(body: Json): { app: string; peers: string[] } {
  return parseJson('$gone', GONE, body)
}

/** Peer ids, not checked. */
export function readProviders(answer: Json): string[] {
  return parseJson('$providers', PROVIDERS, answer).peers
}

/** Of what `$relay` answers, what members use: what is no port reads as none. */
export function readStunPorts(answer: Json): StunPorts {
  return parseJson('$relay', RELAY, answer).stun
}

export function readTopicQuestion(body: Json): TopicQuestion {
  return parseJson('$topic', TOPIC, body)
}

/**
 * What is missing or of another type reads as `false`, 0 and none; what is no peer id is left out. Without `clients`
 * all subscribers may be such.
 */
export function readTopicAnswer(answer: Json): TopicAnswer {
  const { clients, ...others } = v.parse(TOPIC_ANSWER, typeof answer === 'object' && answer !== null ? answer : {})
  return { ...others, clients: clients ?? others.subscribers }
}
