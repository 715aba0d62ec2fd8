import type { Candidate, CostTable, Environment, MeasuredRatio, MeasuredTable } from "@sweetspot/crds";
import { mean } from "@sweetspot/planner";
import { gainOver, noiseOf, unnoticedDrift } from "../decision/gain.ts";

/** As `noiseOf`, for two measurements that were taken one after the other and not in turns. */
export const noiseApart = (environment: Pick<Environment, "noiseFactor">): number =>
  Math.max(unnoticedDrift, noiseOf(environment));

/** Capacity of one candidate over that of another, see `gainOver`. Null with fewer than two rounds. */
export function raceRatio(candidate: Candidate, other: Candidate, environment: Environment): MeasuredRatio | null {
  const ratio = gainOver(candidate, other, { challengers: 1, noise: noiseOf(environment) });
  return ratio && { ...ratio, basis: "Race" };
}

/** The first pair of raced candidates of which one has a property, the other has not, and all else is `alike`. */
export function racedPair(
  candidates: readonly Candidate[],
  has: (candidate: Candidate) => boolean,
  alike: (a: Candidate, b: Candidate) => boolean,
): readonly [Candidate, Candidate] | null {
  const raced = candidates.filter((candidate) => candidate.measured !== null);
  for (const one of raced.filter(has)) {
    const other = raced.find((candidate) => !has(candidate) && alike(one, candidate));
    if (other !== undefined) return [one, other];
  }
  return null;
}

/** Equal in processes and threads, in pinning and spinning. */
export const sameLayout = (a: Pick<Candidate, "layout">, b: Pick<Candidate, "layout">): boolean =>
  a.layout.instances === b.layout.instances &&
  a.layout.threadsPerInstance === b.layout.threadsPerInstance &&
  a.layout.pinned === b.layout.pinned &&
  a.layout.spinning === b.layout.spinning;

/** A ratio of single runs, whose interval is the machine's noise. Needs positive numbers. */
export function singleRatio(
  speed: number,
  otherSpeed: number,
  noise: number,
  basis: "Trial" | "CostTable",
): MeasuredRatio {
  const estimate = speed / otherSpeed;
  return { estimate, low: estimate / noise, high: estimate * noise, basis };
}

/**
 * Speed of one table over another's, as the geometric mean over the shapes that both have. They were measured one after
 * the other, so the machine may have changed speed in between without being noticed. Null without a shape in common.
 */
export function tableRatio(
  table: CostTable,
  other: CostTable,
  environment: Pick<Environment, "noiseFactor">,
): MeasuredRatio | null {
  const logs = table.cells.flatMap(({ rows, length, microseconds }) => {
    const twin = other.cells.find((cell) => cell.rows === rows && cell.length === length);
    return twin === undefined ? [] : [Math.log(twin.microseconds / microseconds)];
  });
  if (logs.length === 0) return null;
  return singleRatio(Math.exp(mean(logs)), 1, noiseApart(environment), "CostTable");
}

/** The table that a candidate was predicted from. */
export const tableOf = (tables: readonly MeasuredTable[], { variant, layout }: Candidate): MeasuredTable | undefined =>
  tables.find(
    (table) =>
      table.variant === variant &&
      table.layout.instances === layout.instances &&
      table.layout.threadsPerInstance === layout.threadsPerInstance &&
      table.layout.spinning === layout.spinning,
  );
