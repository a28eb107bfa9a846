import type { ConnectionEncrypter } from '@libp2p/interface'

type EncrypterFactory = (components: any) => ConnectionEncrypter

/** A connection encrypter that is loaded when the first connection needs it. What comes meanwhile waits unread. */
export function lazyEncrypter(protocol: string, load: () => Promise<EncrypterFactory>): EncrypterFactory {
  return (components) => {
    let loading: Promise<ConnectionEncrypter> | undefined
    const loaded = (): Promise<ConnectionEncrypter> => {
      loading ??= load().then((factory) => factory(components))
      return loading
    }
    return {
      protocol,
      secureInbound: async (connection, options) => (await loaded()).secureInbound(connection, options),
      secureOutbound: async (connection, options) => (await loaded()).secureOutbound(connection, options)
    }
  }
}
