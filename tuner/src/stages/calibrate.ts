import type { Layout, MeasuredTable } from "@sweetspot/crds";
import type { RunningLoad } from "../instruments.ts";
import {
  type Calibration,
  calibratedTable,
  clientsAt,
  closedLoop,
  measureCalibration,
  timeFactor,
  waitAlone,
} from "../measure/calibration.ts";
import type { TuningState } from "../tuning-state.ts";
import type { Entrant } from "./entrant.ts";

/** A server reaches its speed only after its code has been compiled, which takes a second or two of load. */
const warmUp = { longestSeconds: 1.5, shortestSeconds: 0.3, budgetShare: 0.02 };
/** Long enough to see the machine at its usual speed, and not in one good or bad moment. */
const measuring = { longestSeconds: 5, shortestSeconds: 0.5, budgetShare: 0.025 };

/** An entrant, and what its server did. */
export interface Calibrated {
  readonly entrant: Entrant;
  readonly calibration: Calibration;
}

/**
 * Warms a server and measures, under closed-loop clients, what it answers and the CPU time that front and load generator
 * spend on a request beside the engines. Throws `SidecarError` when the server does not answer the samples.
 */
export async function calibrate(state: TuningState, entrant: Entrant, load: RunningLoad): Promise<Calibrated> {
  const { request, signal, cpus, instruments } = state;
  const { server } = entrant;
  const { target, seed } = request;
  const settings = {
    server,
    load,
    target,
    seed,
    cpus,
    clients: clientsAt(entrant.prediction.capacityRequestsPerSecond, target),
    signal,
    cpuMicroseconds: instruments.cpuMicroseconds,
  };
  const { budgetSeconds } = request;
  await closedLoop({ ...settings, seconds: secondsOf(warmUp, budgetSeconds) });
  const calibration = await measureCalibration({ ...settings, seconds: secondsOf(measuring, budgetSeconds) });
  return { entrant, calibration };
}

const secondsOf = ({ longestSeconds, shortestSeconds, budgetShare }: typeof measuring, budgetSeconds: number) =>
  Math.min(longestSeconds, Math.max(shortestSeconds, budgetShare * budgetSeconds));

/** What `calibrate` takes. */
export const calibrationSeconds = (budgetSeconds: number): number =>
  secondsOf(warmUp, budgetSeconds) + secondsOf(measuring, budgetSeconds);

/**
 * Enters what was found into every table that `applies` to, as it was `measured`, with the pinning that was decided for it. The
 * machine's speed and what the server adds are found with one variant; they hold for all in such a layout.
 */
export function enterCalibration(
  { tables, model, request }: TuningState,
  measured: readonly MeasuredTable[],
  applies: (layout: Layout) => boolean,
  { entrant, calibration }: Calibrated,
): void {
  const { pinned } = entrant.point.layout;
  const factor = timeFactor(entrant.point, calibration, model.shapes, request.seed);
  const wait = waitAlone(entrant.point, factor, calibration, model.shapes, request.seed);
  measured.forEach((one, i) => {
    if (!applies(one.layout)) return;
    const table = calibratedTable(one.table, factor, calibration.shared, wait);
    tables[i] = { ...one, layout: { ...one.layout, pinned }, table };
  });
}
