import type { Hono } from 'hono'
import { PAGE } from '../console/page.ts'
import { SCRIPT } from '../console/script.ts'
import { STYLE } from '../console/style.ts'
import type { Web } from './web.ts'

/** It loads nothing from elsewhere, asks nobody else, is in no frame, and takes no script that is not its own. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  'img-src data:',
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'"
].join('; ')

/** The operator's page: static texts, which anybody may load. What it shows it asks with the operator's token. */
export function addConsole(web: Hono<Web>, { network }: { network: string }): void {
  const texts: Array<[path: string, type: string, text: string]> = [
    ['/nexus/admin', 'text/html', PAGE.replaceAll('NETWORK', network)],
    ['/nexus/admin.js', 'text/javascript', SCRIPT],
    ['/nexus/admin.css', 'text/css', STYLE]
  ]

  for (const [path, type, text] of texts) {
    web.get(path, (c) =>
      c.body(text, 200, {
        'content-type': `${type}; charset=utf-8`,
        'content-security-policy': POLICY,
        'referrer-policy': 'no-referrer'
      })
    )
  }
}
