/** Addresses of a cluster: all inside 10.X.0.0/16, so that clusters with different X run side by side. */
export interface NetworkPlan {
  /** X */
  readonly octet: number;
  /** Everything that is reached through the host's interface. */
  readonly range: string;
  readonly podRange: string;
  readonly serviceRange: string;
  /** The host's end of the wire into the cluster, with its address in the nodes' network. */
  readonly hostInterface: string;
  readonly hostAddress: string;
}

/** One node: its address, pods and CPUs. */
export interface NodePlan {
  readonly name: string;
  readonly address: string;
  readonly podRange: string;
  /** Path of its own cgroup below each hierarchy: two kubelets on one root would clean up each other's pods. */
  readonly cgroup: string;
  /** CPUs that no Guaranteed pod gets for itself, as kubelet's `reservedSystemCPUs`. */
  readonly reservedCpus: readonly number[];
}

/** X runs from here over `octetCount` values. */
export const firstOctet = 64;
export const octetCount = 128;

export function networkPlan(octet: number): NetworkPlan {
  return {
    octet,
    range: `10.${octet}.0.0/16`,
    podRange: `10.${octet}.16.0/20`,
    serviceRange: `10.${octet}.32.0/20`,
    hostInterface: `sweetspot${octet}`,
    hostAddress: `10.${octet}.0.254`,
  };
}

/** The plan of node `index` (from 0) of `count` on a machine with these CPUs. Throws when they are fewer than two. */
export function nodePlan(
  cluster: string,
  octet: number,
  place: { index: number; count: number },
  cpus: readonly number[],
): NodePlan {
  const number = place.index + 1;
  return {
    name: `node${number}`,
    address: `10.${octet}.0.${number}`,
    podRange: `10.${octet}.${16 + number}.0/24`,
    cgroup: `sweetspot-${cluster}-node${number}`,
    reservedCpus: reservedCpus(cpus, place),
  };
}

/**
 * A single node reserves the first CPU and gives the others away. Two nodes share the machine's CPUs without overlap:
 * the first gives away the upper half, the second the lower half.
 */
export function reservedCpus(cpus: readonly number[], { index, count }: { index: number; count: number }): number[] {
  if (cpus.length < 2) throw new RangeError("exclusive CPUs need a machine with two CPUs or more");
  if (count === 1) return cpus.slice(0, 1);
  const half = Math.floor(cpus.length / 2);
  return index === 0 ? cpus.slice(0, half) : cpus.slice(half);
}

/** Parses the kernel's list format, such as `0-3,8`. */
export function parseCpuList(text: string): number[] {
  const ranges = text
    .trim()
    .split(",")
    .filter((part) => part !== "");
  return ranges.flatMap((part) => {
    const [first = 0, last = first] = part.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
  });
}

/**
 * The first X, counted from a place that the name decides, that no other cluster and no route of the host uses.
 * `destinations`: of the host's routes. Routes for all of 10.0.0.0/8 do not count: ours are more specific.
 */
export function freeOctet(name: string, taken: ReadonlySet<number>, destinations: readonly string[]): number | null {
  const routed = new Set(destinations.flatMap(octetsOf));
  const start = [...name].reduce((hash, character) => (hash * 31 + character.charCodeAt(0)) % octetCount, 7);
  const candidates = Array.from({ length: octetCount }, (_, step) => firstOctet + ((start + step) % octetCount));
  return candidates.find((octet) => !taken.has(octet) && !routed.has(octet)) ?? null;
}

function octetsOf(destination: string): number[] {
  const match = /^10\.(\d+)\.[\d.]+?(?:\/(\d+))?$/.exec(destination);
  const bits = Number(match?.[2] ?? 32);
  if (match === null || bits <= 8) return [];
  const width = bits >= 16 ? 1 : 2 ** (16 - bits);
  return Array.from({ length: width }, (_, offset) => Number(match[1]) + offset);
}
