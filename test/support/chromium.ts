import { type Browser, chromium } from 'playwright-core'
import { findChromium } from '../../scripts/lib/needs.mjs'

const flags = ['--no-sandbox', '--disable-background-networking', '--disable-quic']

/** Starts the machine's Chromium without a window; throws with the command that installs it when there is none. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = findChromium()
  if (executablePath === undefined) {
    throw new Error('The browser tests need Chromium, which is not installed: run `npm run setup`')
  }
  return chromium.launch({ executablePath, args: flags, timeout: 30_000 })
}
