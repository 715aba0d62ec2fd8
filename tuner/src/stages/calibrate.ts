import type { Layout, LoadReport, MeasuredTable, SharedCpu } from "@sweetspot/crds";
import { cpuMicroseconds } from "../environment/process-cpu.ts";
import type { LoadClient } from "../load/run-load.ts";
import { SidecarError } from "../race/sidecar-process.ts";
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
  /** CPU time of front and load generator; undefined where the system does not tell. */
  readonly shared: SharedCpu | undefined;
}

/**
 * Warms a server and measures, under closed-loop clients, what it answers and the CPU time that front and load generator
 * spend on a request beside the engines. Throws `SidecarError` when the server does not answer the samples.
 */
export async function calibrate(state: TuningState, entrant: Entrant, load: LoadClient): Promise<Calibration> {
  const { request, signal } = state;
  const { server } = entrant;
  const connections = clientsFor(state, entrant);
  const seconds = Math.min(longestSeconds, Math.max(shortestSeconds, budgetShare * request.budgetSeconds));
  const job = { url: server.inferUrl, target: request.target, seed: request.seed, stages: [{ connections, seconds }] };
  const run = async () => answered(await load.run(job, signal));
  await run();
  const busy = async () => sum(await Promise.all([server.pid, load.pid].map(cpuMicroseconds)));
  const before = await busy();
  const stage = await run();
  const after = await busy();
  const spent = before === null || after === null ? null : (after - before) / stage.counts.total;
  return {
    requestsPerSecond: stage.answeredRequestsPerSecond,
    shared: spent === null ? undefined : { cpus: state.cpus, microsecondsPerRequest: spent },
  };
}

const sum = (values: readonly (number | null)[]): number | null =>
  values.reduce((total, value) => (total === null || value === null ? null : total + value), 0);

function clientsFor({ request }: TuningState, { prediction }: Entrant): number {
  const fitting = (inFlightShare * prediction.capacityRequestsPerSecond * request.target.latencyMilliseconds) / 1000;
  return Math.round(Math.min(clients.most, Math.max(clients.fewest, fitting)));
}

/** Throws `SidecarError` when the server did not answer: the samples do not fit it, and no race would either. */
function answered({ stages }: LoadReport): LoadReport["stages"][number] {
  const stage = stages.at(-1) as LoadReport["stages"][number];
  const { counts, answeredRequestsPerSecond } = stage;
  if (answeredRequestsPerSecond > 0 && counts.excluded === 0 && counts.failed === 0) return stage;
  throw new SidecarError(`A candidate's server did not answer the samples: ${JSON.stringify(counts)}.`);
}

/** Enters what was found into every table that `applies` to, with the pinning that was decided for it. */
export function enterCalibration(
  tables: MeasuredTable[],
  applies: (layout: Layout) => boolean,
  { shared }: Calibration,
  pinned: boolean,
): void {
  tables.forEach((measured, i) => {
    if (!applies(measured.layout)) return;
    const overhead = { ...measured.table.overhead, ...(shared === undefined ? {} : { shared }) };
    const table = { ...measured.table, overhead };
    tables[i] = { ...measured, layout: { ...measured.layout, pinned }, table };
  });
}
