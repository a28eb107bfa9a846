import type { networkInterfaces } from 'node:os'

/**
 * The multiaddrs of all interfaces, IPv4 and, where the machine has it, IPv6: one that was built or started without
 * cannot listen there.
 */
export function onAllInterfaces(
  protocols: readonly string[],
  interfaces: ReturnType<typeof networkInterfaces>
): string[] {
  const hasIpv6 = Object.values(interfaces).some((addresses) => addresses?.some(({ family }) => family === 'IPv6'))
  return [
    ...protocols.map((protocol) => `/ip4/0.0.0.0/${protocol}`),
    ...(hasIpv6 ? protocols.map((protocol) => `/ip6/::/${protocol}`) : [])
  ]
}
