/** What the container asks for, as its environment says. Each is null where the environment does not tell. */
export interface PodResources {
  /** In thousandths of a CPU. */
  readonly cpuRequest: number;
  readonly cpuLimit: number;
  readonly memoryRequestBytes: number | null;
  readonly memoryLimitBytes: number | null;
}

/**
 * Reads what a pod's manifest hands down by `resourceFieldRef`: `SWEETSPOT_CPU_REQUEST` and `SWEETSPOT_CPU_LIMIT` (divisor
 * 1m), and where they are wanted `SWEETSPOT_MEMORY_REQUEST` and `SWEETSPOT_MEMORY_LIMIT` (bytes). Null outside of a pod.
 * Where the container has no limit, Kubernetes fills in the node's own size, so request and limit differ.
 */
export function podResources(environment: Readonly<Record<string, string | undefined>>): PodResources | null {
  const cpuRequest = wholeNumber(environment["SWEETSPOT_CPU_REQUEST"]);
  const cpuLimit = wholeNumber(environment["SWEETSPOT_CPU_LIMIT"]);
  if (cpuRequest === null || cpuLimit === null) return null;
  return {
    cpuRequest,
    cpuLimit,
    memoryRequestBytes: wholeNumber(environment["SWEETSPOT_MEMORY_REQUEST"]),
    memoryLimitBytes: wholeNumber(environment["SWEETSPOT_MEMORY_LIMIT"]),
  };
}

const wholeNumber = (text: string | undefined): number | null =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
