/** What an operator's process has cost so far. */
export interface OperatorCosts {
  /** In Prometheus' text format. */
  readonly metrics: string;
  readonly residentMiB: number;
  /** Since it began. */
  readonly mostResidentMiB: number;
  readonly cpuSeconds: number;
}

const prefix = "sweetspot_operator_";
const writing = new Set(["create", "update", "patch", "apply", "delete"]);

interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Series of one metric, by its name without the prefix. */
function seriesOf({ metrics }: OperatorCosts, name: string): Series[] {
  const lines = metrics.split("\n").filter((line) => line.startsWith(`${prefix}${name}{`));
  return lines.map((line) => {
    const [, labels = "", value] = /\{(.*)\} (\S+)$/.exec(line) ?? [];
    const pairs = Array.from(labels.matchAll(/(\w+)="([^"]*)"/g), ([, key = "", text = ""]) => [key, text]);
    return { labels: Object.fromEntries(pairs), value: Number(value) };
  });
}

/** Writes by `VERB RESOURCE`, but those of the lease, which is renewed for as long as there is an operator. */
export function writesOf(costs: OperatorCosts): ReadonlyMap<string, number> {
  const writes = new Map<string, number>();
  for (const { labels, value } of seriesOf(costs, "api_requests_total")) {
    const { verb = "", resource = "" } = labels;
    if (!writing.has(verb) || resource === "leases") continue;
    writes.set(`${verb} ${resource}`, (writes.get(`${verb} ${resource}`) ?? 0) + value);
  }
  return writes;
}

/**
 * Seconds within which this share of the reconciles was done, without their waits for the API server and pods: an upper bound, of the
 * bucket that it lies in.
 */
export function ownSecondsAt(costs: OperatorCosts, share: number): number {
  const buckets = new Map<number, number>();
  for (const { labels, value } of seriesOf(costs, "reconcile_own_duration_seconds_bucket")) {
    const bound = labels["le"] === "+Inf" ? Number.POSITIVE_INFINITY : Number(labels["le"]);
    buckets.set(bound, (buckets.get(bound) ?? 0) + value);
  }
  const total = buckets.get(Number.POSITIVE_INFINITY) ?? 0;
  const bounds = [...buckets.keys()].sort((a, b) => a - b);
  return total === 0 ? Number.NaN : (bounds.find((bound) => (buckets.get(bound) ?? 0) >= share * total) ?? Number.NaN);
}

/** Reconciles so far. */
export const reconcilesOf = (costs: OperatorCosts): number =>
  seriesOf(costs, "reconcile_own_duration_seconds_count").reduce((sum, { value }) => sum + value, 0);
