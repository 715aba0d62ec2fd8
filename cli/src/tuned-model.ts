import { readFile } from "node:fs/promises";
import type { ServiceLevelTarget, TuningReport } from "@sweetspot/crds";
import type { PlanSettings, RequestShape, WhatIfRequest } from "@sweetspot/planner";
import { UserError } from "./user-error.ts";
import type { Rate } from "./values.ts";

/** What a tuning left behind that later questions are answered from. */
export interface TunedModel {
  /** Of the variants that may be served. */
  readonly tables: WhatIfRequest["tables"];
  readonly current: PlanSettings;
  readonly raced: WhatIfRequest["raced"];
  readonly target: ServiceLevelTarget;
  /** The workload that was tuned for; null in reports from before it was recorded. */
  readonly shapes: readonly RequestShape[] | null;
  /** Where a rate is given as a multiple, it is one of this: the rate of the user, else of the confirming run. */
  readonly requestsPerSecond: number;
  readonly cpus: number;
  readonly seed: number;
}

/** The load that is recommended where nobody said what it is. */
const recommendedShare = 0.7;

/** Throws `UserError` for a report of a tuning that was stopped before it measured anything. */
export function tunedModel(report: TuningReport): TunedModel {
  const { question, decision, candidates } = report;
  const eligible = new Set(report.variants.filter((variant) => variant.eligible).map(({ variant }) => variant));
  const { artifact, layout, batching } = decision.plan;
  const tables = report.tables.filter(({ variant }) => eligible.has(variant) || variant === artifact.variant);
  if (tables.length === 0) {
    throw new UserError("BadInput", "The tuning measured no cost table. Run it again, with a longer --budget.");
  }
  const winner = candidates.find(({ name }) => name === decision.winner);
  const raced =
    winner?.prediction && winner.measured
      ? { predicted: winner.prediction.capacityRequestsPerSecond, measured: winner.measured }
      : null;
  return {
    tables,
    current: { variant: artifact.variant, layout, batching },
    raced,
    target: question.serviceLevel,
    shapes: report.requestShapes ?? onlyShape(tables),
    requestsPerSecond: usualRate(report),
    cpus: question.cpus,
    seed: question.seed,
  };
}

function usualRate({ question, decision }: TuningReport): number {
  const rate = question.workload.requestsPerSecond ?? decision.confirmation?.offeredRequestsPerSecond;
  // A target that cannot be met leaves no capacity; one request per second is as good a rate as any.
  return rate ?? Math.max(1, recommendedShare * decision.capacityRequestsPerSecond);
}

/** Where all tables have one and the same length, the model has no other. */
function onlyShape(tables: TunedModel["tables"]): RequestShape[] | null {
  const lengths = new Set(tables.flatMap(({ table }) => table.cells.map(({ length }) => length)));
  return lengths.size === 1 ? shapesOf([...lengths], true) : null;
}

/** The mix of `--lengths`, else the one that was tuned for. Throws `UserError` where there is neither. */
export async function workloadOf(file: string | undefined, report: TuningReport, model: TunedModel) {
  if (file !== undefined) return readLengths(file, report);
  if (model.shapes !== null) return model.shapes;
  throw new UserError("BadInput", "The report is too old to hold the mix of lengths. Give one with --lengths FILE.");
}

const shapesOf = (lengths: readonly number[], paddable: boolean): RequestShape[] =>
  lengths.map((length) => ({ rows: 1, length, group: paddable ? "" : `${length},` }));

/** Requests per second of a `--rate`; the usual rate where none was given. */
export function rateOf(rate: Rate | undefined, { requestsPerSecond }: TunedModel): number {
  if (rate === undefined) return requestsPerSecond;
  return "times" in rate ? rate.times * requestsPerSecond : rate.requestsPerSecond;
}

/**
 * Reads a mix of lengths: a whole number a line, each line equally likely. Empty lines are skipped. Without permission to
 * pad, requests of different lengths never share a batch. Throws `UserError`.
 */
async function readLengths(file: string, report: TuningReport): Promise<RequestShape[]> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new UserError("BadInput", `${file} cannot be read (${error.code}). Give a file with one length a line.`);
  });
  const lengths = text.split("\n").flatMap((line, i) => {
    const word = line.trim();
    if (word === "") return [];
    if (!/^[1-9]\d{0,8}$/.test(word)) {
      throw new UserError("BadInput", `Line ${i + 1} of ${file} is no length. Write one whole number above 0 a line.`);
    }
    return [Number(word)];
  });
  if (lengths.length === 0) throw new UserError("BadInput", `${file} is empty. Write one length a line.`);
  return shapesOf(lengths, report.decision.plan.padding !== undefined);
}
