import { BlockList, isIP, isIPv4 } from "node:net";
import { FetchError } from "./fetch-error.ts";

type Subnet = readonly [address: string, prefix: number];

/** Never reached, whatever is allowed: metadata services of clouds live here. */
const linkLocal: readonly Subnet[] = [
  ["169.254.0.0", 16],
  ["fe80::", 10],
];

/** Not of the public internet (IANA's special-purpose registries, RFC 6890): reached only where an administrator allows it. */
const special: readonly Subnet[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
  ["::", 96],
  ["64:ff9b::", 96],
  ["64:ff9b:1::", 48],
  ["100::", 64],
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["fc00::", 7],
  ["fec0::", 10],
  ["ff00::", 8],
];

/** What a node's network offers beyond the internet, and which of it may be read from. */
export class NetworkPolicy {
  readonly #never = blockList(linkLocal);
  readonly #special = blockList(special);
  readonly #allowed: BlockList;

  /** `allowed`: networks in CIDR notation. Throws `FetchError` for what is none. */
  constructor(allowed: readonly string[]) {
    this.#allowed = blockList(allowed.map(subnetOf));
  }

  /** Whether an administrator has named this address: then plain HTTP is fit for it too. */
  isAllowed(address: string): boolean {
    return contains(this.#allowed, address) && !contains(this.#never, address);
  }

  /** Throws `FetchError` for an address that may not be read from. `host`: the name that led to it. */
  check(address: string, host: string): void {
    if (isIP(address) === 0) throw new FetchError(`${host} has no address.`);
    const plain = withoutMapping(address);
    if (contains(this.#never, plain)) {
      throw new FetchError(`${host} has the link-local address ${plain}, which is never read from.`);
    }
    if (contains(this.#special, plain) && !contains(this.#allowed, plain)) {
      throw new FetchError(
        `${host} has the address ${plain}, which is not of the internet. An administrator can allow its network (modelSources.allowedNetworks).`,
      );
    }
  }
}

function blockList(subnets: readonly Subnet[]): BlockList {
  const list = new BlockList();
  for (const [address, prefix] of subnets) list.addSubnet(address, prefix, isIPv4(address) ? "ipv4" : "ipv6");
  return list;
}

const contains = (list: BlockList, address: string): boolean =>
  list.check(withoutMapping(address), isIPv4(withoutMapping(address)) ? "ipv4" : "ipv6");

/** `::ffff:10.0.0.1` and `::ffff:a00:1` are 10.0.0.1. */
function withoutMapping(address: string): string {
  const tail = /^(?:0*:)*:?(?:0*:)*ffff:([0-9a-f.:]+)$/i.exec(address)?.[1];
  if (tail === undefined) return address;
  if (isIPv4(tail)) return tail;
  const words = tail.split(":").map((word) => Number.parseInt(word, 16));
  const [high = 0, low = 0] = words;
  return words.length === 2 ? `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}` : address;
}

function subnetOf(cidr: string): Subnet {
  const [, address = "", digits = ""] = /^([0-9a-f.:]+)\/(\d{1,3})$/i.exec(cidr) ?? [];
  const family = isIP(address);
  const prefix = Number(digits);
  if (family === 0 || prefix > (family === 4 ? 32 : 128))
    throw new FetchError(`${cidr} is no network: 10.0.0.0/8 is one.`);
  return [address, prefix];
}
