import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
  browser ??= launchChromium()
  return browser
}

/** Ends it, if it was started. */
export async function closeChromium(): Promise<void> {
  const running = browser
  browser = undefined
  await (await running)?.close()
}

/** One more, which whoever starts it ends. `launcher`: what stands before its command, and runs it in its own place. */
export async function launchChromium(launcher: readonly string[] = []): Promise<Browser> {
  const { CHROMIUM_PATH } = process.env
  const program = CHROMIUM_PATH ?? USUAL_PATHS.find((path) => existsSync(path)) ?? (await sparticuz.executablePath())

  if (launcher.length === 0) {
    return chromium.launch({ executablePath: program, headless: true, args: ARGS })
  }

  const directory = await mkdtemp(join(tmpdir(), 'nexus-chromium-'))
  const executablePath = join(directory, 'chromium.sh')
  await writeFile(executablePath, `#!/bin/sh\nexec ${launcher.join(' ')} '${program}' "$@"\n`, { mode: 0o755 })

  try {
    return await chromium.launch({ executablePath, headless: true, args: ARGS })
  } finally {
    await rm(directory, { recursive: true })
  }
}
