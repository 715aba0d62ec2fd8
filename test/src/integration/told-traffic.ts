import type { RecentTraffic, ServiceLevelReport, ServiceLevelTarget } from "@sweetspot/crds";

const usualRate = 100;
const each = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

/** What a pod tells that has had steady traffic for so many seconds, all of it bad or none: 100 requests/s unless said. */
export function toldTraffic(
  bad: boolean,
  seconds: number,
  target: ServiceLevelTarget,
  requestsPerSecond = usualRate,
): Pick<ServiceLevelReport, "traffic" | "target" | "since" | "trial"> {
  const now = Math.floor(Date.now() / 1000);
  const blocks = (width: number, most: number) => {
    const count = Math.min(most, Math.floor(seconds / width));
    const total = each(count, width * requestsPerSecond);
    return { end: Math.floor(now / width) * width, total, bad: bad ? total : each(count, 0) };
  };
  const nothing = { end: 0, answered: [], queue: [], engine: [], other: [], observed: [], expected: [] };
  const traffic: RecentTraffic = {
    tenSeconds: blocks(10, 360),
    seconds: blocks(1, 120),
    stages: nothing,
    lengths: [60 * requestsPerSecond],
    rows: [60 * requestsPerSecond],
  };
  const { percentile, latencyMilliseconds } = target;
  const since = new Date((now - seconds) * 1000).toISOString();
  return { traffic, target: { percentile, latencyMilliseconds }, since, trial: null };
}
