import { seededRandom } from "../statistics/random.ts";
import { type SimulatedServer, simulate } from "./simulate.ts";
import { type ArrivalSequence, poissonArrivals } from "./workload.ts";

const requests = 3000;
/** So far above any capacity that the batch former always sees a full window. */
const flood = 1e6;

/** Requests per second that a server answers when its queue never runs empty, as under many closed-loop clients. */
export function simulateSaturation(server: SimulatedServer, shapes: ArrivalSequence["shapes"], seed: number): number {
  const arrivals = poissonArrivals(requests, shapes, seededRandom(seed));
  const run = simulate(server, arrivals, flood, seededRandom(seed), Number.POSITIVE_INFINITY);
  return (requests * 1e6) / run.end;
}
