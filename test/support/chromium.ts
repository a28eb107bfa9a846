import { existsSync } from 'node:fs'
import sparticuz from '@sparticuz/chromium'
import { type Browser, chromium } from 'playwright-core'

/** Where systems have Chromium. `CHROMIUM_PATH` comes first. */
const USUAL_PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** What a closed machine needs: no calls home, and WebRTC between pages over loopback. */
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
  '--allow-loopback-in-peer-connection'
]

let browser: Promise<Browser> | undefined

/** The one Chromium of this test run: that of the machine, or the one that npm brought. Rejects when there is none. */
export function startedChromium(): Promise<Browser> {
  browser ??= launch()
  return browser
}

/** Ends it, if it was started. */
export async function closeChromium(): Promise<void> {
  const running = browser
  browser = undefined
  await (await running)?.close()
}

async function launch(): Promise<Browser> {
  const { CHROMIUM_PATH } = process.env
  const executablePath =
    CHROMIUM_PATH ?? USUAL_PATHS.find((path) => existsSync(path)) ?? (await sparticuz.executablePath())
  return chromium.launch({ executablePath, headless: true, args: ARGS })
}
