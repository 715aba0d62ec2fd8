import type { Layout, LoadReport, MeasuredTable } from "@sweetspot/crds";
import { mean, simulateSaturation } from "@sweetspot/planner";
import type { LoadClient } from "../load/run-load.ts";
import { SidecarError } from "../race/sidecar-process.ts";
import type { TuningState } from "../tuning-state.ts";
import type { Entrant } from "./entrant.ts";

/** A server reaches its speed only after its code has been compiled, which takes a second or two of load. */
const warmSeconds = 1.5;
const measuredSeconds = 1.5;
const clients = { fewest: 4, most: 64 };
/** Of the requests that fit into the target at the predicted rate: the rest would be refused as late. */
const inFlightShare = 0.5;

/**
 * Warms the servers of the race, one after the other, and measures what the real server adds to the engines' time: its
 * throughput under closed-loop clients against the simulator's without overhead. The difference, per request and in
 * time of an instance, goes into every table of that layout; layouts that do not race get the mean. It contains the load
 * generator's share where both sit on the same CPUs, as they do here.
 */
export async function calibrate(state: TuningState, entrants: readonly Entrant[], load: LoadClient): Promise<void> {
  const measured: { readonly layout: Layout; readonly overhead: number }[] = [];
  for (const entrant of entrants) {
    state.signal.throwIfAborted();
    state.say("Race", `Warming and calibrating ${entrant.name}`);
    measured.push({ layout: entrant.point.layout, overhead: await overheadOf(state, entrant, load) });
  }
  state.tables.forEach((table, i) => {
    const own = measured.filter(({ layout }) => sameLayout(layout, table.layout));
    const overheads = (own.length > 0 ? own : measured).map(({ overhead }) => overhead);
    state.tables[i] = withOverhead(table, mean(overheads));
  });
}

const sameLayout = (a: Layout, b: Layout): boolean =>
  a.instances === b.instances && a.threadsPerInstance === b.threadsPerInstance && a.pinned === b.pinned;

const withOverhead = (measured: MeasuredTable, perRequestMicroseconds: number): MeasuredTable => ({
  ...measured,
  table: { ...measured.table, overhead: { perBatchMicroseconds: 0, perRequestMicroseconds } },
});

/** Microseconds of an instance that a request costs beyond the engine's time. */
async function overheadOf(state: TuningState, { server, point, prediction }: Entrant, load: LoadClient) {
  const { request, model } = state;
  const fitting = (inFlightShare * prediction.capacityRequestsPerSecond * request.target.latencyMilliseconds) / 1000;
  const connections = Math.round(Math.min(clients.most, Math.max(clients.fewest, fitting)));
  const report = await load.run({
    url: server.inferUrl,
    target: request.target,
    seed: request.seed,
    stages: [
      { connections, seconds: warmSeconds },
      { connections, seconds: measuredSeconds },
    ],
  });
  const ideal = simulateSaturation(point, model.shapes, connections, request.seed);
  return Math.max(0, point.instances * 1e6 * (1 / answeredRate(report) - 1 / ideal));
}

/** Throws `SidecarError` when the server did not answer: the samples do not fit it, and no race would either. */
function answeredRate({ stages }: LoadReport): number {
  const { counts, answeredRequestsPerSecond } = stages.at(-1) as LoadReport["stages"][number];
  if (answeredRequestsPerSecond > 0 && counts.excluded === 0 && counts.failed === 0) return answeredRequestsPerSecond;
  throw new SidecarError(`A candidate's server did not answer the samples: ${JSON.stringify(counts)}.`);
}
