import type { Interval, MeasuredTable } from "@sweetspot/crds";
import { type Forecast, type ForecastQuestion, forecast, type TimeFactor } from "./forecast.ts";
import type { PlanPoint, PlanTable } from "./plan-point.ts";
import { type PlanSettings, type ReplanRequest, replan } from "./replan.ts";

/** What is known of a tuned model, and what to imagine. */
export interface WhatIfRequest extends ForecastQuestion {
  readonly tables: readonly (PlanTable & Pick<MeasuredTable, "heldOutError">)[];
  readonly current: PlanSettings;
  /** Capacity of the current plan as it was predicted and then measured; null where it was not raced. */
  readonly raced: { readonly predicted: number; readonly measured: Interval } | null;
  /** CPUs to imagine, and those that the tables were measured on. */
  readonly cpus: number;
  readonly measuredCpus: number;
  readonly stop: ReplanRequest["stop"];
}

/** A plan with what it would do. */
export interface ForecastPlan {
  readonly point: PlanPoint;
  readonly forecast: Forecast;
}

export interface WhatIf {
  /** The plan as it is; null with other CPUs than its own. */
  readonly current: ForecastPlan | null;
  /** The best plan for what is imagined, which may be the current one. */
  readonly best: ForecastPlan;
}

/**
 * What the tuned model would do at another rate, under another target or with other CPUs, from the tables alone.
 *
 * Another number of CPUs means as many engine processes of the measured sizes as fit. How much they slow each other down
 * is known only for the measured number, so the interval widens with the distance from it.
 *
 * Throws a `RangeError` where nothing that was measured fits into so few CPUs.
 */
export function whatIf(request: WhatIfRequest): WhatIf {
  const { cpus, measuredCpus } = request;
  const tables = cpus === measuredCpus ? request.tables : tablesFor(request.tables, cpus);
  const { best, current } = replan({ ...request, tables });
  const answer = ({ point }: { readonly point: PlanPoint }): ForecastPlan => ({
    point,
    forecast: forecast(point, request, timeFactor(request, point)),
  });
  const imagined = answer(best);
  if (cpus !== measuredCpus || current === null) return { current: null, best: imagined };
  return { current: current.point === best.point ? imagined : answer(current), best: imagined };
}

/** Half or twice the measured time: beyond that something else is wrong than the table. */
const mostCorrection = 2;
/** Deviation of predicted from measured capacities where the plan was not raced. */
const unracedDeviation = 0.2;
/** Deviation for each doubling or halving of the CPUs. */
const deviationPerDoubling = 0.1;
const leastDeviation = 0.02;
/** A median absolute error is so many standard deviations. */
const medianError = 0.6745;
const normal95 = 1.96;

/**
 * How the time of everything relates to the tables. Where the current plan was raced, its measured capacity corrects
 * them; how well they foretell shapes that were not measured, the interval of the race and other CPUs make it uncertain.
 */
export function timeFactor(
  request: Omit<WhatIfRequest, keyof ForecastQuestion | "stop">,
  point: PlanPoint,
): TimeFactor {
  const { tables, raced, cpus, measuredCpus } = request;
  const own = tables.find(
    ({ variant, layout }) => variant === point.variant && layout.threadsPerInstance === point.threadsPerInstance,
  );
  const table = (own?.heldOutError ?? 0) / medianError;
  const doublings = deviationPerDoubling * Math.log2(cpus / measuredCpus);
  const usable = raced !== null && raced.predicted > 0 && raced.measured.estimate > 0;
  const estimate = usable ? within(raced.predicted / raced.measured.estimate, mostCorrection) : 1;
  const race = usable ? raceDeviation(raced.measured) : unracedDeviation;
  return { estimate, deviation: Math.max(leastDeviation, Math.hypot(table, race, doublings)) };
}

function raceDeviation({ estimate, low, high }: Interval): number {
  const [least, most] = [low, high].map((end) => within(end / estimate, mostCorrection)) as [number, number];
  return Math.log(most / least) / (2 * normal95);
}

const within = (ratio: number, most: number): number => Math.min(most, Math.max(1 / most, ratio));

/** The tables of layouts that fill so many CPUs with engine processes of the measured sizes, each once. */
function tablesFor<T extends PlanTable>(tables: readonly T[], cpus: number): PlanTable[] {
  const seen = new Set<string>();
  return tables.flatMap(({ variant, layout, table }) => {
    const instances = Math.floor(cpus / layout.threadsPerInstance);
    const key = `${variant} ${layout.threadsPerInstance} ${layout.spinning}`;
    if (instances === 0 || layout.spinning || seen.has(key)) return [];
    seen.add(key);
    const { shared } = table.overhead;
    const overhead = { ...table.overhead, ...(shared === undefined ? {} : { shared: { ...shared, cpus } }) };
    return [{ variant, layout: { ...layout, instances }, table: { ...table, overhead } }];
  });
}
