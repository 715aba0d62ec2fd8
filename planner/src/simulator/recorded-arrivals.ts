import type { Random } from "../statistics/random.ts";
import type { ArrivalSequence, RequestShape } from "./workload.ts";

/** Traffic as servers counted it. */
export interface RecordedTraffic {
  /** Requests in each second, of all servers together, oldest first. */
  readonly requests: readonly number[];
  /** Servers that they were spread over. */
  readonly servers: number;
  /** Equally likely kinds of requests. */
  readonly shapes: readonly RequestShape[];
}

/** Arrivals at one server, and the rate that gives them back their own speed. */
export interface RecordedArrivals {
  readonly arrivals: ArrivalSequence;
  readonly requestsPerSecond: number;
}

/**
 * Arrivals that the record may have been made from: each second has its own count, of which each request goes to this server
 * with the same chance, at any instant of the second. So the rise and fall from second to second is that of the record; the
 * order of sizes and bursts within a second are not known and left to chance.
 */
export function recordedArrivals({ requests, servers, shapes }: RecordedTraffic, random: Random): RecordedArrivals {
  const seconds: number[] = [];
  requests.forEach((count, second) => {
    const own = Array.from({ length: chosen(count, 1 / servers, random) }, () => second + random());
    for (const instant of own.sort((a, b) => a - b)) seconds.push(instant);
  });
  const requestsPerSecond = Math.max(1, seconds.length) / Math.max(1, requests.length);
  const instants = Float64Array.from(seconds, (instant) => instant * requestsPerSecond);
  const choice = Uint32Array.from(seconds, () => Math.floor(random() * shapes.length));
  return { arrivals: { instants, shapes, choice }, requestsPerSecond };
}

/** How many of so many independent choices fall on this server: from one that does to the next, because most may not. */
function chosen(count: number, share: number, random: Random): number {
  if (share >= 1) return count;
  let own = 0;
  for (let at = gap(share, random); at < count; at += 1 + gap(share, random)) own += 1;
  return own;
}

/** Choices that fall on others before one falls on this server. */
const gap = (share: number, random: Random): number => Math.floor(Math.log(1 - random()) / Math.log(1 - share));
