/** Tabs of one site that keep a key each; further ones have a key for as long as they are open. */
const MAX_TAB_NUMBERS = 32

/** A number that no other tab of this site has while it is held. */
export interface TabNumber {
  index: number
  release: () => void
}

/**
 * The smallest free number, held until `release` or the end of the page; `undefined` when there is none, or no Web
 * Locks (https://www.w3.org/TR/web-locks/).
 */
export async function takeTabNumber(name: string): Promise<TabNumber | undefined> {
  if (globalThis.navigator?.locks === undefined) {
    return undefined
  }

  for (let index = 0; index < MAX_TAB_NUMBERS; index++) {
    const release = await hold(`${name}/${index}`).catch(() => undefined)

    if (release !== undefined) {
      return { index, release }
    }
  }

  return undefined
}

function hold(name: string): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(name, { ifAvailable: true }, (lock) => {
        if (lock === null) {
          resolve(undefined)
          return undefined
        }

        return new Promise<void>((release) => resolve(release))
      })
      .catch(reject)
  })
}
