/** XMPP: a room of a server. */
import { connectXmpp, type Element, ROOMS, startProsody, xmppPackage } from '../peers/prosody.ts'
import { CHANNEL, type ChannelKind } from './kind.ts'

const ROOM = `${CHANNEL}@${ROOMS}`

export const xmppChannel: ChannelKind = {
  hub: startProsody,

  async join(address, index) {
    const { xml } = xmppPackage()
    const client = await connectXmpp(address)
    const own = `${ROOM}/member${index}`
    const entered = new Promise<void>((resolve) => {
      client.on('stanza', (stanza: Element) => (stanza.attrs.from === own ? resolve() : undefined))
    })
    await client.send(xml('presence', { to: own }, xml('x', { xmlns: 'http://jabber.org/protocol/muc' })))
    await entered
    return {
      async subscribe(onBody) {
        client.on('stanza', (stanza: Element) => {
          const body = stanza.attrs.from === own ? null : stanza.getChildText('body')

          if (body !== null) {
            onBody(JSON.parse(body))
          }
        })
      },
      publish: (body) =>
        client.send(xml('message', { type: 'groupchat', to: ROOM }, xml('body', {}, JSON.stringify(body))))
    }
  }
}
