import 'reflect-metadata'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import {
  BasicConstraintsExtension,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator
} from '@peculiar/x509'
import { temporaryDirectory } from './temporary-directory.ts'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const DAY_MS = 24 * 60 * 60 * 1_000
const NAME = 'CN=Nexus test authority'

/** A TLS certificate of this machine, and its key, as PEM. */
export interface TlsPair {
  cert: string
  key: string
}

/** Where such a pair is kept. */
export interface TlsFiles {
  certFile: string
  keyFile: string
}

/** Signs TLS certificates of `localhost` and 127.0.0.1. Only who is told trusts it: Node by NODE_EXTRA_CA_CERTS. */
export class TlsAuthority {
  readonly #keys: CryptoKeyPair
  readonly #certificate: X509Certificate
  /** Its own certificate, in a temporary directory. */
  readonly file: string
  #issued = 0

  private constructor(keys: CryptoKeyPair, certificate: X509Certificate, file: string) {
    this.#keys = keys
    this.#certificate = certificate
    this.file = file
  }

  static async create(): Promise<TlsAuthority> {
    const keys = await newKeys()
    const extensions = [new BasicConstraintsExtension(true, undefined, true)]
    const init = { ...validity(), serialNumber: '01', name: NAME, signingAlgorithm: ALGORITHM, extensions, keys }
    const certificate = await X509CertificateGenerator.createSelfSigned(init, crypto)
    const file = join(await temporaryDirectory(), 'ca.pem')
    await writeFile(file, certificate.toString('pem'))
    return new TlsAuthority(keys, certificate, file)
  }

  /** Has this process trust it too, until the function is called that this gives. */
  trust(): () => void {
    const before = getCACertificates('default')
    setDefaultCACertificates([...before, this.#certificate.toString('pem')])
    return () => setDefaultCACertificates(before)
  }

  /** A new pair each time, for a day unless said otherwise. */
  async issue(lifeMs?: number): Promise<TlsPair> {
    const { publicKey, privateKey } = await newKeys()
    const names = new SubjectAlternativeNameExtension([
      { type: 'dns', value: 'localhost' },
      { type: 'ip', value: '127.0.0.1' }
    ])
    this.#issued += 1
    const certificate = await X509CertificateGenerator.create(
      {
        ...validity(lifeMs),
        serialNumber: `10${this.#issued}`,
        subject: 'CN=localhost',
        issuer: this.#certificate.subject,
        publicKey,
        signingKey: this.#keys.privateKey,
        signingAlgorithm: ALGORITHM,
        extensions: [names]
      },
      crypto
    )
    const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', privateKey)).toString('base64')
    const key = `-----BEGIN PRIVATE KEY-----\n${pkcs8.replaceAll(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`
    return { cert: `${certificate.toString('pem')}\n`, key }
  }

  /** Writes a new pair, to files of its own or in place of those there. */
  async write(files?: TlsFiles, lifeMs?: number): Promise<TlsFiles & TlsPair> {
    const directory = files === undefined ? await temporaryDirectory() : ''
    const { certFile, keyFile } = files ?? {
      certFile: join(directory, 'cert.pem'),
      keyFile: join(directory, 'key.pem')
    }
    const pair = await this.issue(lifeMs)
    await writeFile(certFile, pair.cert)
    await writeFile(keyFile, pair.key, { mode: 0o600 })
    return { certFile, keyFile, ...pair }
  }
}

function newKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as Promise<CryptoKeyPair>
}

function validity(lifeMs = DAY_MS): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + lifeMs) }
}
