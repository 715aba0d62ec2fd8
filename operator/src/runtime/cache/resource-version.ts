const decimal = /^[1-9][0-9]*$/;

/**
 * Compares two resourceVersions of the same resource type: negative when `one` is older, null when they cannot be compared.
 *
 * Since Kubernetes 1.35 (KEP-5504) they are by contract decimal integers without leading zeros that grow with each
 * write of a resource type; every etcd-backed API server before it behaved so. They may exceed 2^53. Whatever does not
 * look like that (an aggregated API) is not compared, and the caller must then rely on the order of the watch alone.
 */
export function compareResourceVersions(one: string, other: string): number | null {
  if (one === other) return 0;
  if (!decimal.test(one) || !decimal.test(other)) return null;
  if (one.length !== other.length) return one.length - other.length;
  return one < other ? -1 : 1;
}

/** True only where `one` is surely older. */
export function isOlder(one: string, other: string): boolean {
  const order = compareResourceVersions(one, other);
  return order !== null && order < 0;
}

/** True only where `one` is surely newer. */
export function isNewer(one: string, other: string): boolean {
  return isOlder(other, one);
}
