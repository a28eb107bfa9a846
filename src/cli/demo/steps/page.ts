import { join } from 'node:path'
import { parseAnswer, requestCertificate } from '../../../identity/enrolment.ts'
import { generateKey } from '../../../identity/keys.ts'
import { PageServer } from '../page/server.ts'
import type { Step } from '../step.ts'
import { check } from '../step-failure.ts'

export const page: Step = {
  name: 'page',
  title: 'a website serves the page that shows this mesh, and certificates for its users',
  async run(mesh, signal) {
    const server = await PageServer.open(mesh.network, [mesh.relayAddress('ws')], join(mesh.directory, 'page'))
    mesh.page = server
    const { url } = server
    const html = await (await fetch(url, { signal })).text()
    check(html.includes('main.js'), 'the page is not served')
    const script = await (await fetch(`${url}/main.js`, { signal })).text()
    check(script.length > 100_000, "the page's script is not served")
    const proof = await requestCertificate(await generateKey(), {
      audience: url,
      issuedAt: Date.now(),
      id: crypto.randomUUID()
    })
    const answer = await fetch(`${url}/nexus/certificate?user=you`, {
      method: 'POST',
      body: JSON.stringify({ request: proof }),
      signal
    })
    const { bootstrap } = parseAnswer(await answer.json())
    check(bootstrap.length > 0, 'the certificate comes without a relay')
    return { detail: `open ${url} in a browser`, data: { url } }
  }
}
