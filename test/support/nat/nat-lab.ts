import { connect, loadRules, Namespaces, runIn } from './namespaces.ts'

/** How a host is connected to the network that all share. */
export const SITE_KINDS = [
  'open',
  'full-cone',
  'port-restricted',
  'random-ports',
  'udp-blocked',
  'double-nat',
  'ip6-only'
] as const
export type SiteKind = (typeof SITE_KINDS)[number]

/** Addresses as those of the internet: what is private is not dialled from elsewhere. */
const NET4 = '11.99.0'
const NET6 = '2a00:99::'
export const HUB_IP4 = `${NET4}.1`
export const HUB_IP6 = `${NET6}1`

/** A host, and how it is connected. */
export interface Site {
  kind: SiteKind
  /** The host's namespace. */
  namespace: string
  /** Those whose interface `wan` is on the shared network. */
  edge: string
}

/** A network in namespaces of its own: a hub that everybody reaches, and hosts with a router each, or none. */
export class NatLab {
  readonly #namespaces = new Namespaces()
  readonly #edges: string[] = []
  readonly hub: string
  #count = 0

  constructor() {
    this.hub = this.#namespaces.add('hub')
    runIn(
      this.hub,
      `ip link add wan type bridge
       ip addr add ${HUB_IP4}/24 dev wan
       ip addr add ${HUB_IP6}/64 dev wan nodad
       ip link set wan up`
    )
    this.#edges.push(this.hub)
  }

  /** Adds a host. */
  site(kind: SiteKind): Site {
    const index = 10 + this.#count++
    const namespace = this.#namespaces.add(`host${index}`)
    const edge = this.#build(kind, namespace, index)
    this.#edges.push(edge)
    return { kind, namespace, edge }
  }

  /** From now on so many of a hundred packets are lost on each way from one edge of the network to another. */
  lose(percent: number): void {
    const rule = percent === 0 ? '' : `iifname "wan" numgen random mod 100 < ${percent} drop;`

    for (const edge of this.#edges) {
      loadRules(
        edge,
        `table inet loss
         delete table inet loss
         table inet loss {
           chain arriving {
             type filter hook prerouting priority -400;
             ${rule}
           }
         }`
      )
    }
  }

  close(): void {
    this.#namespaces.close()
  }

  #build(kind: SiteKind, host: string, index: number): string {
    if (kind === 'open' || kind === 'ip6-only') {
      this.#plugIn(host, index, kind === 'open' ? [4, 6] : [6])
      loadRules(host, kind === 'open' ? '' : STATEFUL_HOST)
      return host
    }

    const router = this.#namespaces.add(`nat${index}`)

    if (kind !== 'double-nat') {
      this.#plugIn(router, index, [4])
      join(router, host, `192.168.${index}`)
      loadRules(router, routerRules(kind, `192.168.${index}.2`))
      return router
    }

    // A router at home behind one of the carrier.
    const carrier = this.#namespaces.add(`carrier${index}`)
    this.#plugIn(carrier, index, [4])
    join(carrier, router, `100.64.${index}`, 'wan')
    join(router, host, `192.168.${index}`)
    loadRules(carrier, routerRules('port-restricted', `100.64.${index}.2`))
    loadRules(router, routerRules('port-restricted', `192.168.${index}.2`))
    return carrier
  }

  /** Gives a namespace an interface `wan` on the shared network. */
  #plugIn(namespace: string, index: number, families: ReadonlyArray<4 | 6>): void {
    connect([namespace, 'wan'], [this.hub, `port${index}`])
    runIn(this.hub, `ip link set port${index} master wan up`)
    runIn(
      namespace,
      `${families.includes(6) ? '' : WITHOUT_IP6}
       ${families.includes(4) ? `ip addr add ${NET4}.${index}/24 dev wan` : ''}
       ${families.includes(6) ? `ip addr add ${NET6}${index}/64 dev wan nodad` : ''}
       ip link set wan up`
    )
  }
}

const WITHOUT_IP6 = 'sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1'

/** Puts a host, or another router, behind a router: its interface is `lan` at the router, and `wan` at a router. */
function join(router: string, inner: string, net: string, innerName = 'eth0'): void {
  connect([router, 'lan'], [inner, innerName])
  runIn(
    router,
    `sysctl -qw net.ipv4.ip_forward=1
     ip addr add ${net}.1/24 dev lan
     ip link set lan up`
  )
  runIn(
    inner,
    `${WITHOUT_IP6}
     ip addr add ${net}.2/24 dev ${innerName}
     ip link set ${innerName} up
     ip route add default via ${net}.1`
  )
}

/**
 * What a router does. Unasked packets to itself are dropped: Linux would take them for connections of its own, and give
 * the host's packet another port.
 */
function routerRules(kind: SiteKind, host: string): string {
  const fullCone = kind === 'full-cone'
  return `
    table ip nat {
      chain arriving {
        type nat hook prerouting priority -100;
        ${fullCone ? `iifname "wan" udp dport 1024-65535 dnat to ${host};` : ''}
      }
      chain leaving {
        type nat hook postrouting priority 100;
        oifname "wan" masquerade ${kind === 'random-ports' ? 'random' : ''};
      }
    }
    table ip filter {
      chain forward {
        type filter hook forward priority 0; policy drop;
        ${kind === 'udp-blocked' ? 'meta l4proto udp drop;' : ''}
        iifname "lan" accept;
        ct state established,related accept;
        ${fullCone ? 'ct status dnat accept;' : ''}
      }
      chain input {
        type filter hook input priority 0; policy accept;
        iifname "wan" ct state new drop;
      }
    }`
}

/** As routers for IPv6 have it: no other addresses, and nothing comes in unasked. */
const STATEFUL_HOST = `
  table ip6 filter {
    chain input {
      type filter hook input priority 0; policy drop;
      iifname "lo" accept;
      meta l4proto ipv6-icmp accept;
      ct state established,related accept;
    }
  }`
