import {
  apiVersion,
  type Candidate,
  type Change,
  type ComparedRatio,
  type Environment,
  type Interval,
  type MeasuredTable,
  type ReportComparison,
  type TuningQuestion,
  type TuningReport,
  type VariantResult,
} from "@sweetspot/crds";
import { noiseApart, sameLayout, tableRatio } from "../checklist/ratios.ts";

/** What changed from one tuning to another, with intervals that allow for the time between them. */
export function compareReports(before: TuningReport, after: TuningReport): ReportComparison {
  const [first, second] = [before.decision.summary, after.decision.summary];
  return {
    apiVersion,
    kind: "ReportComparison",
    question: changes(questionFacts(before.question), questionFacts(after.question)),
    environment: changes(environmentFacts(before.environment), environmentFacts(after.environment)),
    winner: { before: first, after: second, changed: first !== second },
    capacity: capacities(before, after),
    tables: tables(before, after),
    variants: variants(before.variants, after.variants),
  };
}

type Facts = Readonly<Record<string, string>>;

function changes(before: Facts, after: Facts): Change[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].flatMap((what) => {
    const [old, now] = [before[what] ?? "none", after[what] ?? "none"];
    return old === now ? [] : [{ what, before: old, after: now }];
  });
}

const questionFacts = ({ model, serviceLevel, quality, workload, ...rest }: TuningQuestion): Facts => ({
  model: `${model.name}, ${model.digest}`,
  task: rest.task,
  target: `${serviceLevel.percentile} within ${serviceLevel.latencyMilliseconds} ms`,
  quality: `${quality.metric}, ${quality.maximumLossBasisPoints / 100} % at most, ${quality.mode}`,
  workload: `${workload.samples} ${workload.source}, ${workload.digest}`,
  rate: workload.requestsPerSecond === null ? "not given" : `${workload.requestsPerSecond}/s`,
  variants: [...rest.variants, ...(rest.supplied ?? []).map(({ name, digest }) => `${name} (${digest})`)].join(", "),
  CPUs: String(rest.cpus),
  budget: `${rest.budgetSeconds} s`,
  seed: String(rest.seed),
});

function environmentFacts({ versions, noise: _, noiseFactor: __, ...machine }: Environment): Facts {
  const { instructionSets, accelerators, ...plain } = machine;
  const facts = Object.entries(plain).map(([name, value]) => [name, String(value ?? "unknown")] as const);
  const releases = Object.entries(versions).map(([name, version]) => [`version of ${name}`, version] as const);
  return {
    ...Object.fromEntries(facts),
    instructionSets: instructionSets.toSorted().join(" ") || "none known",
    accelerators: accelerators?.join(", ") || "none known",
    ...Object.fromEntries(releases),
  };
}

/** The least factor that two measurements at different times must differ by. */
const leastOf = (before: TuningReport, after: TuningReport): number =>
  Math.max(noiseApart(before.environment), noiseApart(after.environment));

function capacities(before: TuningReport, after: TuningReport): ComparedRatio[] {
  const least = leastOf(before, after);
  const winnerOf = ({ candidates, decision }: TuningReport) => candidates.find(({ name }) => name === decision.winner);
  const pairs = [
    ["capacity of the winner", winnerOf(before), winnerOf(after)] as const,
    ...before.candidates.map(
      (candidate) => [`capacity of ${candidate.name}`, candidate, twinOf(candidate, after.candidates)] as const,
    ),
  ];
  return pairs.flatMap(([what, old, now]) => {
    if (!old?.measured || !now?.measured) return [];
    const ratio = independentRatio(now.measured, old.measured, least);
    return ratio === null ? [] : [judged(what, ratio)];
  });
}

const twinOf = ({ name }: Candidate, others: readonly Candidate[]) => others.find((other) => other.name === name);

/** The ratio of two estimates that share no round: the widths of their logarithms add as independent errors do. */
export function independentRatio(a: Interval, b: Interval, least: number): Interval | null {
  if (!(a.estimate > 0 && b.estimate > 0)) return null;
  const estimate = a.estimate / b.estimate;
  const width = (from: number, to: number) => (from > 0 && to > 0 ? Math.log(to / from) : Number.POSITIVE_INFINITY);
  const down = Math.hypot(width(a.low, a.estimate), width(b.estimate, b.high));
  const up = Math.hypot(width(a.estimate, a.high), width(b.low, b.estimate));
  const ends = [Math.max(down, Math.log(least)), Math.max(up, Math.log(least))] as const;
  return { estimate, low: estimate * Math.exp(-ends[0]), high: Math.min(1e12, estimate * Math.exp(ends[1])) };
}

const judged = (what: string, ratio: Interval): ComparedRatio => ({
  what,
  ratio,
  outcome: ratio.low > 1 ? "Faster" : ratio.high < 1 ? "Slower" : "NoDifference",
});

function tables(before: TuningReport, after: TuningReport): ReportComparison["tables"] {
  const noiseFactor = leastOf(before, after);
  return before.tables.flatMap((old) => {
    const now = after.tables.find((table) => table.variant === old.variant && sameLayout(table, old));
    const ratio = now && tableRatio(now.table, old.table, { noiseFactor });
    if (now === undefined || !ratio) return [];
    const { basis: _, ...interval } = ratio;
    const { variant, layout } = old;
    const what = `speed of ${variant} in ${layout.instances}x${layout.threadsPerInstance} threads`;
    return [{ ...judged(what, interval), variant, layout, shapes: sharedShapes(old, now) }];
  });
}

const sharedShapes = ({ table: old }: MeasuredTable, { table: now }: MeasuredTable): number =>
  old.cells.filter(({ rows, length }) => now.cells.some((cell) => cell.rows === rows && cell.length === length)).length;

function variants(before: readonly VariantResult[], after: readonly VariantResult[]): ReportComparison["variants"] {
  const names = new Set([...before, ...after].map(({ variant }) => variant));
  return [...names].map((variant) => ({
    variant,
    before: outcomeOf(before, variant),
    after: outcomeOf(after, variant),
  }));
}

function outcomeOf(results: readonly VariantResult[], name: string) {
  const result = results.find(({ variant }) => variant === name);
  return result === undefined ? null : { state: result.state, eligible: result.eligible, quality: result.quality };
}
