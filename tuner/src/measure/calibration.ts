import type { CostTable, LoadReport, ServiceLevelTarget, SharedCpu } from "@sweetspot/crds";
import {
  latencyAt,
  type PlanPoint,
  planPoint,
  poissonArrivals,
  type RequestShape,
  seededRandom,
  simulate,
  simulateSaturation,
} from "@sweetspot/planner";
import { cpuMicroseconds as processCpu } from "../environment/process-cpu.ts";
import type { LoadClient } from "../load/run-load.ts";
import { SidecarError, type SidecarProcess } from "../race/sidecar-process.ts";

/** What the real server did under closed-loop clients. */
export interface Calibration {
  readonly clients: number;
  readonly requestsPerSecond: number;
  /** Median latency of a client that is alone, milliseconds; undefined where nobody measured it. */
  readonly aloneMilliseconds: number | undefined;
  /** CPU time of front and load generator; undefined where the system does not tell. */
  readonly shared: SharedCpu | undefined;
}

/** How a server is calibrated. */
export interface CalibrationSettings {
  readonly server: Pick<SidecarProcess, "inferUrl" | "pid">;
  readonly load: Pick<LoadClient, "run" | "pid">;
  readonly target: ServiceLevelTarget;
  readonly clients: number;
  /** CPUs that engines, front and load generator share. */
  readonly cpus: number;
  readonly seconds: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
  /** CPU time that a process has used; as the system tells it when absent. */
  readonly cpuMicroseconds?: (pid: number) => Promise<number | null>;
}

const someClients = { fewest: 4, most: 64 };
/** Of the requests that fit into the target: the rest would be refused as late. */
const inFlightShare = 0.5;

/**
 * Closed-loop clients that bring a server with about this capacity to saturation: with fewer of them its engines wait for the next
 * request, and all that is learned is how long it takes to come.
 */
export function clientsAt(requestsPerSecond: number, { latencyMilliseconds }: ServiceLevelTarget): number {
  const fitting = (inFlightShare * requestsPerSecond * latencyMilliseconds) / 1000;
  return Math.round(Math.min(someClients.most, Math.max(someClients.fewest, fitting)));
}

/** Of the time at saturation: latencies of a lone client differ little. */
const aloneShare = 0.4;

/** Throws `SidecarError` when the server does not answer the samples: no race would get an answer either. */
export async function measureCalibration(settings: CalibrationSettings): Promise<Calibration> {
  const { server, load, cpus, clients, cpuMicroseconds = processCpu } = settings;
  const busy = async () => sum(await Promise.all([server.pid, load.pid].map(cpuMicroseconds)));
  const before = await busy();
  const { counts, answeredRequestsPerSecond } = await closedLoop(settings);
  const after = await busy();
  const alone = await closedLoop({ ...settings, clients: 1, seconds: aloneShare * settings.seconds });
  const microsecondsPerRequest = before === null || after === null ? null : (after - before) / counts.total;
  return {
    clients,
    requestsPerSecond: answeredRequestsPerSecond,
    aloneMilliseconds: alone.latencyMilliseconds.p50 || undefined,
    shared: microsecondsPerRequest === null ? undefined : { cpus, microsecondsPerRequest },
  };
}

/** One stage of clients that never pause. Throws `SidecarError` like `measureCalibration`. */
export async function closedLoop(settings: Omit<CalibrationSettings, "cpus">): Promise<LoadReport["stages"][number]> {
  const { server, load, target, seed, clients, seconds, signal } = settings;
  const stages = [{ connections: clients, seconds }];
  const report = await load.run({ url: server.inferUrl, target, seed, stages }, signal);
  const stage = report.stages.at(-1) as LoadReport["stages"][number];
  const { counts, answeredRequestsPerSecond } = stage;
  if (answeredRequestsPerSecond > 0 && counts.excluded === 0 && counts.failed === 0) return stage;
  const { total, failed, excluded, late } = counts;
  throw new SidecarError(
    `A candidate's server did not answer the samples: of ${total} requests ${failed + excluded} failed and ${late} were late. A server or engine that runs out of memory does this: where memory is limited, give more.`,
  );
}

const sum = (values: readonly (number | null)[]): number | null =>
  values.reduce((total, value) => (total === null || value === null ? null : total + value), 0);

/** A table is corrected by no more than this: beyond, something else is wrong than the machine's speed. */
const mostCorrection = 2;

/**
 * How much longer everything takes in the server than the table of its point says: the simulated rate at saturation over the
 * one that was measured. 1 where the table holds.
 */
export function timeFactor(
  point: PlanPoint,
  { clients, requestsPerSecond, shared }: Calibration,
  shapes: readonly RequestShape[],
  seed: number,
): number {
  const own = planPoint({ ...point, table: withSharedCpu(point.table, shared) }, point.policy);
  const simulated = simulateSaturation(own, { shapes, clients, frontRequestsPerSecond: requestsPerSecond, seed });
  return Math.min(mostCorrection, Math.max(1 / mostCorrection, simulated / requestsPerSecond));
}

/** A table as the calibrated server has it: all cells times the factor, and the CPU time that goes beside the engines'. */
export function calibratedTable(
  table: CostTable,
  factor: number,
  shared: SharedCpu | undefined,
  waitMicroseconds?: number,
): CostTable {
  const cells = table.cells.map((cell) => ({ ...cell, microseconds: cell.microseconds * factor }));
  const calibrated = withSharedCpu({ ...table, cells }, shared);
  if (waitMicroseconds === undefined) return calibrated;
  return { ...calibrated, overhead: { ...calibrated.overhead, waitMicroseconds } };
}

/** A rate at which nobody waits for anybody. */
const loneRate = 0.001;
const loneRequests = 500;

/**
 * What a lone request waits beyond its engine and the hand-over, microseconds: its median latency, less what the simulator says of it
 * on the calibrated table. Undefined where the latency was not measured.
 */
export function waitAlone(
  point: PlanPoint,
  factor: number,
  { aloneMilliseconds, shared }: Calibration,
  shapes: readonly RequestShape[],
  seed: number,
): number | undefined {
  if (aloneMilliseconds === undefined) return undefined;
  const own = planPoint({ ...point, table: calibratedTable(point.table, factor, shared, 0) }, point.policy);
  const arrivals = poissonArrivals(loneRequests, shapes, seededRandom(seed));
  const simulated = latencyAt(simulate(own, arrivals, loneRate, seededRandom(seed)), 0.5);
  return Math.max(0, 1000 * aloneMilliseconds - simulated);
}

/** What a request costs while its engine idles is in the table already, and stands in no engine's way. */
function withSharedCpu(table: CostTable, shared: SharedCpu | undefined): CostTable {
  if (shared === undefined) return table;
  const microsecondsPerRequest = Math.max(0, shared.microsecondsPerRequest - table.overhead.perRequestMicroseconds);
  return { ...table, overhead: { ...table.overhead, shared: { ...shared, microsecondsPerRequest } } };
}
