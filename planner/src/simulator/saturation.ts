import { seededRandom } from "../statistics/random.ts";
import { type SimulatedServer, simulate } from "./simulate.ts";
import { type ArrivalSequence, poissonArrivals } from "./workload.ts";

const requests = 3000;
/** So far above any capacity that the batch former always sees a full window. */
const flood = 1e6;

/** Requests per second that a server answers to `clients` that each send the next request when the last is answered. */
export function simulateSaturation(
  server: SimulatedServer,
  shapes: ArrivalSequence["shapes"],
  clients: number,
  seed: number,
): number {
  const arrivals = poissonArrivals(requests, shapes, seededRandom(seed));
  // So many clients, so many waiting requests to choose from, less those that the engines have in hand.
  const inHand = server.instances * server.policy.inFlightPerInstance;
  const windowRequests = Math.max(1, Math.min(server.policy.windowRequests, clients - inHand));
  const closed = { ...server, policy: { ...server.policy, windowRequests } };
  const run = simulate(closed, arrivals, flood, seededRandom(seed), Number.POSITIVE_INFINITY);
  return (requests * 1e6) / run.end;
}
