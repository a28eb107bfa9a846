import { BlockList, isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { OwnNetworks } from '../libp2p/dials/address-reach.ts'

/** The networks that this machine is in now. */
export function ownNetworks(): OwnNetworks {
  const own = new Set<string>()
  const around = new BlockList()

  for (const { address, cidr, internal, family } of Object.values(networkInterfaces()).flatMap((some) => some ?? [])) {
    const prefix = Number(cidr?.split('/')[1])

    if (!internal && prefix > 0) {
      own.add(address)
      around.addSubnet(address, prefix, family === 'IPv6' ? 'ipv6' : 'ipv4')
    }
  }

  return {
    isOwn: (ip) => own.has(ip),
    isAround: (ip) => ip !== '' && around.check(ip, isIPv6(ip) ? 'ipv6' : 'ipv4')
  }
}
