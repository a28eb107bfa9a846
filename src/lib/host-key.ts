/**
 * What counts as one host of an IP address: an IPv4 address, or the 64 bits of an IPv6 address that its owner fills up
 * at will. An IPv6 address that stands for an IPv4 address is that one.
 */
export function hostKey(address: string): string {
  if (address.startsWith('::ffff:')) {
    return address.slice('::ffff:'.length)
  }

  if (!address.includes(':')) {
    return address
  }

  const [before = '', after] = address.split('::')
  const head = before.split(':').filter(Boolean)
  const tail = after?.split(':').filter(Boolean) ?? []
  const zeros = after === undefined ? 0 : Math.max(0, 8 - head.length - tail.length)
  return [...head, ...Array<string>(zeros).fill('0'), ...tail]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')
}
