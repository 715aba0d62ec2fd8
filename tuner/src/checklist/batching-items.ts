import type { Candidate, ChecklistItem, CostCell, CostTable } from "@sweetspot/crds";
import { mean } from "@sweetspot/planner";
import { batches, bestCapacity } from "../decision/findings.ts";
import { noiseOf } from "../decision/gain.ts";
import { figure, milliseconds } from "../report/format.ts";
import { checked, type Evidence, measured, notApplicable, notTried } from "./item.ts";
import { racedPair, raceRatio, sameLayout, singleRatio, tableOf } from "./ratios.ts";

const lengthsOf = (table: CostTable | undefined): number[] => [
  ...new Set(table?.cells.map(({ length }) => length).toSorted((a, b) => a - b) ?? []),
];

/** Why nothing can be padded or sorted by length; null where it can. */
function withoutLengths({ tables, decision }: Evidence, winner: Candidate): string | null {
  const lengths = lengthsOf(tableOf(tables, winner)?.table);
  if (lengths.length === 1) return "All requests of the workload have one length.";
  if (winner.batching.maximumRows === 1)
    return "The plan serves one by one, so no request is padded to another's length.";
  if (decision.plan.padding === undefined) return "No permission to pad: only requests of equal shape share a batch.";
  return lengths.length === 0 ? "The plan that won was not measured." : null;
}

/** What padding to the longest would cost, which the batch former avoids. */
export function paddingItem(evidence: Evidence, winner: Candidate): ChecklistItem {
  const topic = "Padding";
  const obstacle = withoutLengths(evidence, winner);
  if (obstacle !== null) return notApplicable(topic, obstacle);
  const single = tableOf(evidence.tables, winner)?.table.cells.filter(({ rows }) => rows === 1) ?? [];
  const cells = single.toSorted((a, b) => a.length - b.length);
  const [shortest, longest] = [cells.at(0), cells.at(-1)] as [CostCell, CostCell];
  const [short, long] = [shortest, longest].map((cell) => milliseconds(cell.microseconds / 1000));
  return checked(
    topic,
    `A request of length ${shortest.length} takes ${short} alone and would take ${long} padded to ${longest.length}. The batch former pads only where the measured cost says that it pays.`,
  );
}

/** Requests of like length together, against batches in the order of arrival. */
export function bucketingItem(evidence: Evidence, winner: Candidate): ChecklistItem {
  const topic = "SequenceBucketing";
  const obstacle = withoutLengths(evidence, winner);
  if (obstacle !== null) return notApplicable(topic, obstacle);
  const isInOrder = ({ batching }: Candidate) => batching.former === "Fifo";
  const inOrder = evidence.candidates.find(isInOrder);
  const sorted = evidence.candidates.filter(
    (one) => inOrder && !isInOrder(one) && one.variant === inOrder.variant && sameLayout(one, inOrder) && batches(one),
  );
  const how = "Requests are sorted by length and cut into batches by measured cost";
  const [own, plain] = [sorted, inOrder ? [inOrder] : []].map(bestCapacity) as [number, number];
  if (own === 0 || plain === 0) return notTried(topic, `${how}; batches in order of arrival were not simulated.`);
  const figures = `${figure(own)} requests/s under the target against ${figure(plain)} in order of arrival`;
  return checked(topic, `${how}: ${figures}, by simulation over the measured times.`);
}

/** Several requests in one run of the engine, as far as the target allows. */
export function batchingItem({ candidates, tables, environment }: Evidence, winner: Candidate): ChecklistItem {
  const topic = "Batching";
  const pair = racedPair(candidates, batches, (a, b) => a.variant === b.variant && sameLayout(a, b));
  const raced = pair && raceRatio(...pair, environment);
  if (pair !== null && raced !== null) return measured(topic, raced, raceMessage(pair));
  const table = tableOf(tables, winner)?.table;
  if (table === undefined) return notTried(topic, "The plan that won was not measured.");
  const gain = batchGain(table, winner.batching.maximumBatchMicroseconds);
  if (gain === null) {
    return notApplicable(
      topic,
      "No batch was measured: the model takes one row at a time, or two take longer than the target.",
    );
  }
  const ratio = singleRatio(gain, 1, noiseOf(environment), "CostTable");
  if (ratio.low > 1 && !batches(winner)) {
    const message =
      "In the engine, rows in batches are faster than one by one; under the target the plan that serves one by one is better all the same, by simulation.";
    return notApplicable(topic, message);
  }
  const message = `In the engine, rows in the batches that fit the plan run at ${figure(gain)} times the speed of the same rows one by one, on average over the measured lengths.${ratio.high < 1 ? " Do not batch here." : ""}`;
  return measured(topic, ratio, message);
}

function raceMessage([one, other]: readonly [Candidate, Candidate]): string {
  const [batched, single] = [one, other].map(({ measured: capacity }) => figure(capacity?.estimate ?? 0));
  return `${batched} requests/s under the target with batches of up to ${one.batching.maximumRows} rows against ${single} one by one.`;
}

/**
 * Speed of rows in batches over that of single rows: at each length the best batch that takes no longer than `longest`
 * microseconds, and the geometric mean over the lengths. Null where no batch fits.
 */
export function batchGain({ cells }: CostTable, longest: number): number | null {
  const logs = cells.flatMap((single) => {
    if (single.rows !== 1) return [];
    const fitting = cells.filter(
      ({ rows, length, microseconds }) => rows > 1 && length === single.length && microseconds <= longest,
    );
    const gains = fitting.map(({ rows, microseconds }) => (rows * single.microseconds) / microseconds);
    return gains.length === 0 ? [] : [Math.log(Math.max(...gains))];
  });
  return logs.length === 0 ? null : Math.exp(mean(logs));
}
