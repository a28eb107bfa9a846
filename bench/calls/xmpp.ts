/** XMPP: info/query stanzas between two clients of a server. */
import { connectXmpp, startProsody, xmppPackage } from '../peers/prosody.ts'
import { answerTo, type Kind } from './kind.ts'

const NAMESPACE = 'bench'
const TIMEOUT_MS = 30_000

export const xmppKind: Kind = {
  async serve() {
    const { xml } = xmppPackage()
    const port = await startProsody()
    const client = await connectXmpp(port)
    client.iqCallee.get(NAMESPACE, 'multiply', ({ element }) =>
      xml('multiply', { xmlns: NAMESPACE }, JSON.stringify(answerTo(JSON.parse(element.text()))))
    )
    return JSON.stringify({ port, jid: client.jid.toString() })
  },

  async open(address) {
    const { xml } = xmppPackage()
    const { port, jid } = JSON.parse(address)
    const client = await connectXmpp(port)
    return {
      async call(question) {
        const ask = xml('multiply', { xmlns: NAMESPACE }, JSON.stringify(question))
        const answer = await client.iqCaller.get(ask, jid, TIMEOUT_MS)
        return JSON.parse(answer.text())
      }
    }
  }
}
