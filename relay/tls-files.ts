import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import type { Multiaddr } from '@multiformats/multiaddr'
import { TypedEventEmitter } from 'main-event'
import { NexusError } from '../src/errors.ts'
import { warnedFrom } from '../src/identity/expiry.ts'
import type { Part } from '../src/lib/lifecycle.ts'
import { reasonOf } from '../src/lib/reason-of.ts'
import { spanOf } from '../src/lib/span-of.ts'
import { toError } from '../src/lib/to-error.ts'
import { WallClockTimer } from '../src/lib/wall-clock-timer.ts'
import { isSecureWebSocket } from '../src/node/libp2p/addresses.ts'
import type { ServerTls, ServerTlsEvents, TlsPair } from '../src/node/libp2p/server-tls.ts'
import type { RelayTls } from './options.ts'

/** How often the files are looked at. What they have counts when it is the same twice: one may be written already. */
const CHECK_MS = 1_000
/** Who was warned that the certificate ends is warned again after so long. */
const NEXT_WARNING_MS = 24 * 60 * 60_000

export interface TlsFilesEvents extends ServerTlsEvents {
  /** What is in the files now can't be used: why, for people. */
  failing: CustomEvent<string>
  /** The certificate in use ends soon or has ended, and no other has come: when (ISO 8601), and that for people. */
  ending: CustomEvent<{ expires: string; message: string }>
}

/** When a certificate holds, in ms since 1970. */
interface Holds {
  issuedAt: number
  expiresAt: number
}

/** A TLS certificate and its key in files, which are renewed by somebody else. */
export class TlsFiles extends TypedEventEmitter<TlsFilesEvents> implements ServerTls, Part {
  readonly #files: RelayTls
  #pair: TlsPair
  #holds: Holds
  /** What was read last: a pair, or why there is none. */
  #seen: TlsPair | string
  /** Whether that has been judged: it is in use, or was told. */
  #isJudged = true
  #timer: ReturnType<typeof setTimeout> | undefined
  readonly #warningTimer = new WallClockTimer(Date.now, () => this.#warn())
  #stopped = false

  private constructor(files: RelayTls, pair: TlsPair, holds: Holds) {
    super()
    this.#files = files
    this.#pair = pair
    this.#holds = holds
    this.#seen = pair
  }

  /** Rejects with `INVALID`, naming the file, when one can't be read or they don't belong together. */
  static async open(files: RelayTls): Promise<TlsFiles> {
    const pair = await read(files)
    return new TlsFiles(files, pair, check(files, pair))
  }

  /** The last pair that could be used. */
  get pair(): TlsPair {
    return this.#pair
  }

  start(): void {
    this.#checkLater()
    this.#warningTimer.set(warnedFrom(this.#holds))
  }

  stop(): void {
    this.#stopped = true
    this.#warningTimer.stop()
    clearTimeout(this.#timer)
  }

  #checkLater(): void {
    if (!this.#stopped) {
      this.#timer = setTimeout(() => void this.#look().finally(() => this.#checkLater()), CHECK_MS)
    }
  }

  async #look(): Promise<void> {
    const found = await read(this.#files).catch(({ message }: NexusError) => message)

    if (!isSame(found, this.#seen)) {
      this.#seen = found
      this.#isJudged = isSame(found, this.#pair)
    } else if (!this.#isJudged && !this.#stopped) {
      this.#isJudged = true
      this.#judge(found)
    }
  }

  #judge(found: TlsPair | string): void {
    try {
      if (typeof found === 'string') {
        throw new NexusError('INVALID', found)
      }

      this.#holds = check(this.#files, found)
      this.#pair = found
      this.#warningTimer.set(warnedFrom(this.#holds))
      this.safeDispatchEvent('renewed', { detail: { expires: new Date(this.#holds.expiresAt).toISOString() } })
    } catch (error) {
      this.safeDispatchEvent('failing', { detail: toError(error).message })
    }
  }

  #warn(): void {
    const { expiresAt } = this.#holds
    const leftMs = expiresAt - Date.now()
    const end = leftMs > 0 ? `ends in ${spanOf(leftMs)}` : 'has ended'
    const expires = new Date(expiresAt).toISOString()
    const message = `the TLS certificate ${this.#files.certFile} ${end}, on ${expires}`
    this.safeDispatchEvent('ending', { detail: { expires, message } })
    this.#warningTimer.set(Date.now() + (leftMs > 0 ? Math.min(leftMs, NEXT_WARNING_MS) : NEXT_WARNING_MS))
  }
}

/** Throws `INVALID` when there are addresses of TLS and no files for it, or the other way round. */
export function checkTlsAddresses(listen: readonly Multiaddr[], files: RelayTls | undefined): void {
  const secure = listen.find(isSecureWebSocket)

  if (files === undefined && secure !== undefined) {
    throw new NexusError('INVALID', `listen: ${secure} needs a certificate: give tls`)
  }

  if (files !== undefined && secure === undefined) {
    throw new NexusError('INVALID', 'tls: listen has no address for it, like /ip4/0.0.0.0/tcp/9701/tls/ws')
  }
}

async function read({ certFile, keyFile }: RelayTls): Promise<TlsPair> {
  const [cert, key] = await Promise.all([readPem(certFile, 'certificate'), readPem(keyFile, 'key')])
  return { cert, key }
}

async function readPem(path: string, noun: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : reasonOf(error)
    throw new NexusError('INVALID', `the TLS ${noun} ${path} cannot be read: ${reason}`, { cause: error })
  }
}

/** Gives when the certificate holds. Throws `INVALID` when a server cannot show this pair. */
function check({ certFile, keyFile }: RelayTls, { cert, key }: TlsPair): Holds {
  const certificate = parsed(() => new X509Certificate(cert), `${certFile} has no certificate in PEM`)
  const privateKey = parsed(() => createPrivateKey(key), `${keyFile} has no private key in PEM without a passphrase`)

  if (!belongs(certificate, privateKey)) {
    throw new NexusError('INVALID', `the TLS key ${keyFile} is not that of the certificate ${certFile}`)
  }

  parsed(() => createSecureContext({ cert, key }), `${certFile} and ${keyFile} cannot be used for TLS`)
  return { issuedAt: certificate.validFromDate.getTime(), expiresAt: certificate.validToDate.getTime() }
}

function belongs(certificate: X509Certificate, key: KeyObject): boolean {
  try {
    return certificate.checkPrivateKey(key)
  } catch {
    // Keys of different kinds.
    return false
  }
}

function parsed<T>(parse: () => T, otherwise: string): T {
  try {
    return parse()
  } catch (error) {
    throw new NexusError('INVALID', `${otherwise}: ${reasonOf(error)}`, { cause: error })
  }
}

function isSame(one: TlsPair | string, other: TlsPair | string): boolean {
  return typeof one === 'string' || typeof other === 'string'
    ? one === other
    : one.cert === other.cert && one.key === other.key
}
