import type { Layout, LoadReport, MeasuredTable } from "@sweetspot/crds";
import { simulateSaturation } from "@sweetspot/planner";
import type { LoadClient } from "../load/run-load.ts";
import { SidecarError } from "../race/sidecar-process.ts";
import { pointOf } from "../search/points.ts";
import type { TuningState } from "../tuning-state.ts";
import type { Entrant } from "./entrant.ts";

/** A server reaches its speed only after its code has been compiled, which takes a second or two of load. */
const longestSeconds = 1.5;
const shortestSeconds = 0.3;
const budgetShare = 0.025;
const clients = { fewest: 4, most: 64 };
/** Of the requests that fit into the target at the predicted rate: the rest would be refused as late. */
const inFlightShare = 0.5;

/** What the real server did under closed-loop clients. */
export interface Calibration {
  readonly requestsPerSecond: number;
  /** What a request costs beyond the engine's time, in microseconds of an instance. */
  readonly overheadMicroseconds: number;
}

/**
 * Warms a server and measures what it adds to the engines' time: its throughput under closed-loop clients against the
 * simulator's without overhead. The result contains the load generator's share where both sit on the same CPUs, as they
 * do here. Throws `SidecarError` when the server does not answer the samples.
 */
export async function calibrate(state: TuningState, entrant: Entrant, load: LoadClient): Promise<Calibration> {
  const { request, model, signal } = state;
  const { server, point } = entrant;
  signal.throwIfAborted();
  const connections = clientsFor(state, entrant);
  const seconds = Math.min(longestSeconds, Math.max(shortestSeconds, budgetShare * request.budgetSeconds));
  const report = await load.run({
    url: server.inferUrl,
    target: request.target,
    seed: request.seed,
    stages: [
      { connections, seconds },
      { connections, seconds },
    ],
  });
  const requestsPerSecond = answeredRate(report);
  const ideal = simulateSaturation(withoutOverhead(point), model.shapes, connections, request.seed);
  const overheadMicroseconds = Math.max(0, point.instances * 1e6 * (1 / requestsPerSecond - 1 / ideal));
  return { requestsPerSecond, overheadMicroseconds };
}

function clientsFor({ request }: TuningState, { prediction }: Entrant): number {
  const fitting = (inFlightShare * prediction.capacityRequestsPerSecond * request.target.latencyMilliseconds) / 1000;
  return Math.round(Math.min(clients.most, Math.max(clients.fewest, fitting)));
}

function withoutOverhead({ variant, layout, table, policy }: Entrant["point"]) {
  const overhead = { perBatchMicroseconds: 0, perRequestMicroseconds: 0 };
  return pointOf({ variant, layout, table: { ...table, overhead }, heldOutError: null }, policy);
}

/** Throws `SidecarError` when the server did not answer: the samples do not fit it, and no race would either. */
function answeredRate({ stages }: LoadReport): number {
  const { counts, answeredRequestsPerSecond } = stages.at(-1) as LoadReport["stages"][number];
  if (answeredRequestsPerSecond > 0 && counts.excluded === 0 && counts.failed === 0) return answeredRequestsPerSecond;
  throw new SidecarError(`A candidate's server did not answer the samples: ${JSON.stringify(counts)}.`);
}

/** Enters what was found into every table that `applies` to, with the pinning that was decided for it. */
export function enterCalibration(
  tables: MeasuredTable[],
  applies: (layout: Layout) => boolean,
  perRequestMicroseconds: number,
  pinned: boolean,
): void {
  tables.forEach((measured, i) => {
    if (!applies(measured.layout)) return;
    const table = { ...measured.table, overhead: { perBatchMicroseconds: 0, perRequestMicroseconds } };
    tables[i] = { ...measured, layout: { ...measured.layout, pinned }, table };
  });
}
