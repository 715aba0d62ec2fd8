import { join } from "node:path";
import type { Layout, LoadReport, MeasuredTable } from "@sweetspot/crds";
import { searchPlans, simulateSaturation, withoutBatching } from "@sweetspot/planner";
import type { LoadClient } from "../load/run-load.ts";
import { SidecarError, SidecarProcess } from "../race/sidecar-process.ts";
import { nameOf, pointOf, pointsFor, type SearchPoint, summaryOf } from "../search/points.ts";
import type { LoadableVariant, TuningState } from "../tuning-state.ts";
import { planFor } from "./plan-for.ts";

const warmSeconds = 0.4;
const measuredSeconds = 1.2;
/** As many clients as the batch former's window, so that it always has a choice. */
const connections = 64;

/**
 * Measures what the real server adds to the engines' time, one short closed-loop run per layout: the saturation
 * throughput of the real server against the simulator's without overhead. The difference, per request and in time of an
 * instance, goes into every table of that layout. It contains the load generator's share where both sit on the same
 * CPUs, as they do here.
 */
export async function calibrate(state: TuningState, load: LoadClient, directory: string): Promise<void> {
  for (const layout of distinctLayouts(state.tables)) {
    state.signal.throwIfAborted();
    state.say("Search", `Calibrating the server in ${layout.instances}x${layout.threadsPerInstance} threads`);
    const point = bestInLayout(state, layout);
    const answered = await saturate(state, load, point, directory);
    const ideal = simulateSaturation(point, state.model.shapes, state.request.seed);
    const perRequest = Math.max(0, layout.instances * 1e6 * (1 / answered - 1 / ideal));
    applyOverhead(state.tables, layout, perRequest);
  }
}

const sameLayout = (a: Layout, b: Layout): boolean =>
  a.instances === b.instances && a.threadsPerInstance === b.threadsPerInstance && a.pinned === b.pinned;

function distinctLayouts(tables: readonly MeasuredTable[]): Layout[] {
  const layouts = tables.map(({ layout }) => layout);
  return layouts.filter((layout, i) => layouts.findIndex((other) => sameLayout(other, layout)) === i);
}

/** The point that will most probably be raced in this layout; the naive default's layout serves without batching. */
function bestInLayout(state: TuningState, layout: Layout): SearchPoint {
  const tables = state.tables.filter((table) => sameLayout(table.layout, layout));
  if (!layout.pinned) return pointOf(tables[0] as MeasuredTable, withoutBatching);
  const ranked = searchPlans(pointsFor(tables, state.request.target, state.model.signature.batchable), {
    target: state.request.target,
    shapes: state.model.shapes,
    seed: state.request.seed,
    stop: () => false,
  });
  return (ranked[0] as (typeof ranked)[number]).point;
}

async function saturate(state: TuningState, load: LoadClient, point: SearchPoint, directory: string): Promise<number> {
  const variant = state.eligible.find((one) => one.variant === point.variant) as LoadableVariant;
  const { layout, policy } = point;
  const revision = `calibrate-${nameOf(point)}`;
  // Without a table nothing is refused: the run shall saturate.
  const plan = planFor(state, { revision, variant, layout, policy, table: undefined });
  const server = await SidecarProcess.start(plan, join(directory, `${revision}.json`));
  try {
    const report = await load.run({
      url: server.inferUrl,
      target: state.request.target,
      seed: state.request.seed,
      timeoutMilliseconds: 60_000,
      stages: [
        { connections, seconds: warmSeconds },
        { connections, seconds: measuredSeconds },
      ],
    });
    return answeredRate(report, point);
  } finally {
    await server.close();
  }
}

/** Throws `SidecarError` when the server did not answer: the samples do not fit it, and no race would either. */
function answeredRate({ stages }: LoadReport, point: SearchPoint): number {
  const { counts, answeredRequestsPerSecond } = stages.at(-1) as LoadReport["stages"][number];
  if (answeredRequestsPerSecond > 0 && counts.excluded === 0 && counts.failed === 0) return answeredRequestsPerSecond;
  throw new SidecarError(`The server for ${summaryOf(point)} did not answer the samples: ${JSON.stringify(counts)}.`);
}

function applyOverhead(tables: MeasuredTable[], layout: Layout, perRequestMicroseconds: number): void {
  tables.forEach((measured, i) => {
    if (!sameLayout(measured.layout, layout)) return;
    const table = { ...measured.table, overhead: { perBatchMicroseconds: 0, perRequestMicroseconds } };
    tables[i] = { ...measured, table };
  });
}
