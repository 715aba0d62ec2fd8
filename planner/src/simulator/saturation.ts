import { seededRandom } from "../statistics/random.ts";
import { type SimulatedServer, simulate } from "./simulate.ts";
import { poissonArrivals, type RequestShape } from "./workload.ts";

/** What keeps the server busy. */
export interface SaturatingLoad {
  readonly shapes: readonly RequestShape[];
  /** Each sends its next request as soon as it has an answer. */
  readonly clients: number;
  /** The rate at which the front works meanwhile, requests per second: what was measured, where it was. */
  readonly frontRequestsPerSecond: number;
  readonly seed: number;
}

const requests = 2000;

/**
 * Requests per second that a server answers when so many clients never pause: all requests wait from the beginning, and
 * the batch former sees as many as there are clients beside those that are being computed.
 */
export function simulateSaturation(server: SimulatedServer, load: SaturatingLoad): number {
  const { shapes, clients, frontRequestsPerSecond, seed } = load;
  const { choice } = poissonArrivals(requests, shapes, seededRandom(seed));
  const windowRequests = Math.max(1, Math.min(server.policy.windowRequests, clients - server.instances));
  const limited = { ...server, policy: { ...server.policy, windowRequests } };
  const backlog = { instants: new Float64Array(requests), shapes, choice };
  const { end } = simulate(limited, backlog, frontRequestsPerSecond, seededRandom(seed), {
    queue: Number.POSITIVE_INFINITY,
  });
  return (1e6 * requests) / end;
}
