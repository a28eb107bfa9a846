/** A message for people: addresses and peer ids, which say nothing to them, have names in their place. */
export function forPeople(text: string, nameOf: (peerId: string) => string): string {
  return text
    .replaceAll(/\/(?:ip4|ip6|dns[46]?|p2p)\/[^\s,;]*[^\s,;:.)]/g, 'its address')
    .replaceAll(/\b12D3Koo\w{45}\b/g, (peerId) => nameOf(peerId))
}

/** An element with text in it, and nothing else. */
export function textElement(name: string, text: string): HTMLElement {
  const made = document.createElement(name)
  made.textContent = text
  return made
}
