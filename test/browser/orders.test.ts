import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { launchChromium } from '../support/chromium.ts'
import { freePort } from '../support/free-port.ts'
import { buildShop, openWindow, Shop } from '../support/shop.ts'

let browser: Browser
let shop: Shop
const allProblems: string[][] = []

beforeAll(async () => {
  buildShop()
  shop = await Shop.open()
  browser = await launchChromium()
}, 120_000)

afterAll(async () => {
  await browser?.close()
  await shop?.close()
})

describe('The shop of examples/orders', () => {
  beforeEach(() => {
    allProblems.length = 0
  })

  afterEach(() => {
    expect(allProblems.flat()).toEqual([])
  })

  it('shows in one window what is shipped in another, without a reload', async () => {
    const ada = await enter('')
    await ada.getByRole('link', { name: 'Ada' }).click()
    await expectText(order(ada, 1002), 'Being packed')
    await ada.evaluate(() => Object.assign(window, { neverReloaded: true }))
    const noor = await enter('noor')
    await noor.getByRole('button', { name: 'Ship order 1002' }).click()
    await expectText(order(noor, 1002), 'Shipped')
    await expectText(order(ada, 1002), 'Shipped')
    await expectText(ada.getByRole('status'), 'Order 1002 has been shipped')
    expect(await ada.evaluate(() => 'neverReloaded' in window)).toBe(true)
  })

  it('brings an order to the warehouse and to nobody else', async () => {
    const [ada, ben, noor] = await Promise.all([enter('ada'), enter('ben'), enter('noor')])
    await order(noor, 1001).waitFor()
    await order(ben, 1001).waitFor()
    await ada.getByRole('button', { name: 'Order Huila' }).click()
    await expectText(order(ada, 1005), 'Being packed')
    await noor.getByRole('button', { name: 'Ship order 1005' }).click()
    await expectText(order(ada, 1005), 'Shipped')
    // Events keep their order: had the first one come to Ben, it would be there before the second.
    const headers = { 'X-Demo-User': 'ben' }
    await ben.request.post(`${shop.url}/api/orders`, { headers, data: { productId: 'guji' } })
    await expectText(order(ben, 1006), 'Being packed')
    expect(await order(ben, 1005).count()).toBe(0)
    expect(await events(ben).textContent()).not.toContain('1005')
  })

  it('knows who is in the warehouse, and sees a member leave with the window', async () => {
    const noor = await enter('noor')
    await expectText(member(noor, 'Noor'), 'you')
    const sam = await enter('sam')
    await member(noor, 'Sam').waitFor()
    await member(sam, 'Noor').waitFor()
    await sam.context().close()
    await member(noor, 'Sam').waitFor({ state: 'detached' })
    expect(await member(noor, 'Noor').count()).toBe(1)
  })

  it('shows the others who is typing, until the note is pinned', async () => {
    const [noor, sam] = await Promise.all([enter('noor'), enter('sam')])
    await Promise.all([member(noor, 'Sam').waitFor(), member(sam, 'Noor').waitFor()])
    await sam.getByLabel('Note for the team').fill('The scales are fixed')
    await expectText(member(noor, 'Sam'), 'typing…')
    expect(await sam.getByText('typing…').count()).toBe(0)
    await sam.getByRole('button', { name: 'Pin' }).click()
    await expectText(noor.getByRole('list', { name: 'Notes' }), 'Sam The scales are fixed')
    await noor.getByText('typing…').waitFor({ state: 'detached' })
  })

  it('shows the connection, and every event as it arrives but what one does oneself', async () => {
    const [noor, sam] = await Promise.all([enter('noor'), enter('sam')])
    for (const page of [noor, sam]) {
      await expectText(page.getByRole('banner'), /Connected\s*socket \d+\.\d+/)
      await expectText(events(page), /presence-warehouse subscribed/)
    }
    await noor.getByRole('button', { name: 'Ship order 1003' }).click()
    await expectText(events(sam), /OrderShipped.*"order_id":\s*1003,\s*"status":\s*"shipped"/s)
    await sam.getByRole('button', { name: 'Ship order 1004' }).click()
    await expectText(events(noor), '"order_id": 1004')
    expect(await events(noor).textContent()).not.toContain('1003')
    await expectText(order(noor, 1003), 'Shipped')
  })

  it.each([
    ['orders', 'ben', { productId: 'guji' }, 'OrderPlaced', 'Guji'],
    ['notes', 'sam', { text: 'Mind the step' }, 'NotePinned', 'Mind the step'],
  ])('keeps what happens while it asks for the %s', async (what, who, data, event, shown) => {
    const noor = await enter('')
    let answer = () => {}
    const asked = new Promise<void>((resolve) => {
      const answered = new Promise<void>((release) => {
        answer = release
      })
      void noor.route(`**/api/${what}`, async (route) => {
        const response = await route.fetch()
        resolve()
        await answered
        await route.fulfill({ response })
      })
    })
    await noor.getByRole('link', { name: 'Noor' }).click()
    await asked
    const headers = { 'X-Demo-User': who }
    const { id } = await (await noor.request.post(`${shop.url}/api/${what}`, { headers, data })).json()
    await expectText(events(noor), event)
    answer()
    await order(noor, 1001).waitFor()
    const item = what === 'orders' ? order(noor, id) : noor.getByRole('list', { name: 'Notes' })
    await expectText(item, shown)
  })

  it.each(['', 'ada', 'noor'])('fits a phone (%s)', async (as) => {
    const page = await enter(as, { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true })
    if (as !== '') await order(page, 1002).waitFor()
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
  })

  it('listens on PORT, ends cleanly on Ctrl-C, and pages find their way back to the next one', async () => {
    const first = await open(String(await freePort()))
    const { page } = await openWindow(browser, `${first.url}/?as=ada`)
    await page.getByRole('button', { name: 'Order Guji' }).click()
    await order(page, 1005).waitFor()
    // No chance in when it comes back: after 1.5, 4.5 and 10.5 seconds.
    await page.evaluate(() => {
      Math.random = () => 0.5
    })
    // What pusher-js tries last, two seconds after a closed port, before it waits for many more.
    const tried = page.waitForEvent('websocket', (socket) => socket.url().startsWith('wss:'))
    expect(await first.close()).toEqual([0, null])
    await page.getByText('Connected').waitFor({ state: 'detached' })
    await tried

    const next = await open(first.port)
    expect(next.url).toBe(first.url)
    await page.getByText('Connected').waitFor({ timeout: 10_000 })
    // The new shop knows nothing of that order: the page has asked again.
    await order(page, 1005).waitFor({ state: 'detached' })
    await order(page, 1002).waitFor()
  })
})

async function enter(as: string, options?: BrowserContextOptions): Promise<Page> {
  const { page, problems } = await openWindow(browser, `${shop.url}/${as && `?as=${as}`}`, options)
  allProblems.push(problems)
  return page
}

function order(page: Page, id: number): Locator {
  return page.getByRole('listitem').filter({ hasText: `${id} ·` })
}

function member(page: Page, name: string): Locator {
  return page.getByRole('region', { name: 'In the warehouse' }).locator('.member').filter({ hasText: name })
}

function events(page: Page): Locator {
  return page.getByRole('region', { name: 'On the wire' })
}

function expectText(locator: Locator, hasText: string | RegExp): Promise<void> {
  return locator.filter({ hasText }).waitFor()
}

/** A shop of the test's own. */
async function open(port: string): Promise<Shop> {
  const opened = await Shop.open(port)
  onTestFinished(async () => {
    await opened.close()
  })
  return opened
}
