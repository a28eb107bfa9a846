/**
 * Leaves out of the browser build what libraries bring and no page uses. A library that has changed ends the build,
 * instead of growing it unseen.
 */
import { readFile } from 'node:fs/promises'
import type { OnLoadResult, Plugin } from 'esbuild'

const METRICS = 'export function getMetrics('
const FIELD_STREAM = /^( +)\}, function ?\* \(reader, length, prefix[^)]*\) \{.*?\n\1\}\)/gms
const STREAM_FUNCTION = /^( +)function stream\(buf, opts\) \{.*?\n\1\}\n\1[\w.]+\.stream = stream;/gms

/** Gossipsub's metrics, which are made only for a register that is given, and no page gives one: 20 kB of names. */
const withoutMetrics = edited('without-metrics', {
  files: /@libp2p[\\/]gossipsub[\\/]dist[\\/]src[\\/]metrics\.js$/,
  mark: METRICS,
  edit: (text) =>
    `${text.slice(0, text.indexOf(METRICS))}${METRICS}) { throw new Error('there are no metrics in pages') }`
})

/** Protobuf decoders that give a message field by field, which nobody asks for: a third of each codec. */
const withoutFieldStreams = edited('without-field-streams', {
  files: /@libp2p[\\/][\w-]+[\\/]dist[\\/]src[\\/].*\.js$|src[\\/]protocols[\\/]pb[\\/]\w+\.ts$/,
  mark: '(reader, length, prefix',
  edit: (text) => text.replaceAll(FIELD_STREAM, '$1})').replaceAll(STREAM_FUNCTION, '')
})

/** Text of bytes in emoji, a list of 256 names. Another alphabet takes its place where all of them are tried. */
const withoutEmoji = edited('without-emoji', {
  files: /multiformats[\\/]dist[\\/]src[\\/]bases[\\/]base256emoji\.js$/,
  mark: 'export const base256emoji',
  edit: () => `export { base16 as base256emoji } from './base16.js'`
})

/** Connections that libraries test themselves with, and the CBOR that they log. */
const withoutMocks = edited('without-mocks', {
  files: /@libp2p[\\/]utils[\\/]dist[\\/]src[\\/]mock-muxer\.js$/,
  mark: 'export function mockMuxer(',
  edit: () => `export function mockMuxer() { throw new Error('there are no mocks in pages') }`
})

/** How the library would try again: a block's own bootstrap does that (`reconnectRetries: 0`). */
const withoutRetries = edited('without-retries', {
  files: /p-retry[\\/]index\.js$/,
  mark: 'export default async function pRetry(',
  edit: () => 'export default async function pRetry(attempt) { return attempt(1) }'
})

/** The library's own watch of connections, which is switched off: `src/node/libp2p/connection-monitor.ts` does that. */
const withoutMonitor = edited('without-monitor', {
  files: /[\\/]libp2p[\\/]dist[\\/]src[\\/]connection-monitor\.js$/,
  mark: 'export class ConnectionMonitor ',
  edit: () => 'export class ConnectionMonitor {}'
})

/** Weights of gossip's scores for its metrics, which no page has. */
const withoutScoreMetrics = edited('without-score-metrics', {
  files: /@libp2p[\\/]gossipsub[\\/]dist[\\/]src[\\/]score[\\/]scoreMetrics\.js$/,
  mark: 'export function computeAllPeersScoreWeights(',
  edit: () => `export function computeAllPeersScoreWeights() { throw new Error('there are no metrics in pages') }`
})

const DNS_IMPORT = `import { dns, RecordType } from '@multiformats/dns';`
const NO_DNS = 'a page resolves no /dnsaddr, as it could ask strangers alone: use /dns4 or /dns6'

/** What asks public servers, over HTTPS, for the addresses behind `/dnsaddr`. */
const withoutDns = edited('without-dns', {
  files: /[\\/]libp2p[\\/]dist[\\/]src[\\/]connection-manager[\\/]resolvers[\\/]dnsaddr\.js$/,
  mark: DNS_IMPORT,
  edit: (text) =>
    text.replace(DNS_IMPORT, `const RecordType = {}; const dns = () => { throw new Error(${JSON.stringify(NO_DNS)}) };`)
})

/** Keys of other kinds than Ed25519, which the gate refuses, by their files in `@libp2p/crypto`. */
const OTHER_KEYS: Record<string, readonly string[]> = {
  'ecdsa/ecdsa': ['ECDSAPrivateKey'],
  'ecdsa/utils': [
    'generateECDSAKeyPair',
    'pkiMessageToECDSAPrivateKey',
    'pkiMessageToECDSAPublicKey',
    'unmarshalECDSAPrivateKey',
    'unmarshalECDSAPublicKey'
  ],
  'rsa/der': ['decodeDer'],
  'rsa/utils': [
    'generateRSAKeyPair',
    'jwkToRSAPrivateKey',
    'pkcs1MessageToRSAPrivateKey',
    'pkcs1ToRSAPrivateKey',
    'pkixMessageToRSAPublicKey',
    'pkixToRSAPublicKey'
  ],
  'secp256k1/utils': ['generateSecp256k1KeyPair', 'unmarshalSecp256k1PrivateKey', 'unmarshalSecp256k1PublicKey'],
  'secp256k1/index.browser': ['privateKeyLength', 'publicKeyLength']
}
const KEY_FILE = /@libp2p[\\/]crypto[\\/]dist[\\/]src[\\/]keys[\\/](\w+)[\\/]([\w.]+)\.js$/

const withoutOtherKeys: Plugin = {
  name: 'without-other-keys',
  setup({ onLoad }) {
    onLoad({ filter: KEY_FILE }, ({ path }) => {
      const [, kind, file] = KEY_FILE.exec(path)!
      const names = OTHER_KEYS[`${kind}/${file}`]
      return names === undefined
        ? undefined
        : { contents: `function only() { throw new Error('keys are Ed25519') }\n${names.map(asRefused).join('\n')}` }
    })
  }
}

function asRefused(name: string): string {
  return `export { only as ${name} }`
}

export const leanLibraries: Plugin[] = [
  withoutMetrics,
  withoutScoreMetrics,
  withoutFieldStreams,
  withoutEmoji,
  withoutOtherKeys,
  withoutMocks,
  withoutRetries,
  withoutMonitor,
  withoutDns
]

interface Edit {
  files: RegExp
  /** What a file has in it that is edited. */
  mark: string
  edit: (text: string) => string
}

/** A plugin that edits libraries' files, and fails when there is none to edit, or an edit changes nothing. */
function edited(name: string, { files, mark, edit }: Edit): Plugin {
  return {
    name,
    setup({ onLoad, onEnd }) {
      let count = 0
      onLoad({ filter: files }, async ({ path }): Promise<OnLoadResult | undefined> => {
        const text = await readFile(path, 'utf8')

        if (!text.includes(mark)) {
          return undefined
        }

        count++
        const contents = edit(text)
        return contents === text
          ? { errors: [{ text: `${name} finds nothing in ${path}` }] }
          : { contents, loader: path.endsWith('.ts') ? 'ts' : 'js' }
      })
      onEnd(() => (count > 0 ? {} : { errors: [{ text: `${name}: no file has '${mark}'` }] }))
    }
  }
}
