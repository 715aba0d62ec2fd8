import { gunzipSync } from "node:zlib";
import { type CostTable, parseDocument, TuningReport } from "@sweetspot/crds";
import type { ApplyAction, ReplanAction } from "../actions/action.ts";
import { configMaps } from "../resources.ts";
import { ApiError, type KubeClient } from "../runtime/index.ts";
import { historyConfigMap } from "../specs/history-config-map.ts";
import { reportName } from "../specs/names.ts";
import { reportKeys } from "../tuning-run/store-result.ts";
import { concludeReplan } from "./conclude-replan.ts";
import type { ReplanAnswer, ReplanQuestion } from "./replan-question.ts";

/** What a plan is looked for with: a thread in production. */
type RunReplan = (question: ReplanQuestion, signal: AbortSignal) => Promise<ReplanAnswer>;

/** What looking for a plan takes from outside. */
export interface ReplanDependencies {
  readonly client: KubeClient;
  readonly replan: RunReplan;
  /** Asks the pod at an address for its fitted table; null where it cannot be had. Ends by itself and never throws. */
  readonly fetchCostTable: (address: string) => Promise<CostTable | null>;
}

/** A report of a megabyte of gzip has no more. */
const mostReportBytes = 64 * 2 ** 20;
const searchMilliseconds = 4000;

/** The history's ConfigMap in which the work of looking for a plan is done. Throws `ApiError`. */
export async function answerReplan(
  dependencies: ReplanDependencies,
  action: ReplanAction,
  signal: AbortSignal,
): Promise<Omit<ApplyAction, "kind">> {
  const { stored, moment, manifest, deployment, target } = action;
  const answer = await look(dependencies, action, signal);
  const { history, plans } = concludeReplan(stored, answer, action.plan, moment);
  const { data } = historyConfigMap(deployment, target, history, plans);
  return { resource: configMaps, manifest: { ...manifest, data } as ApplyAction["manifest"] };
}

async function look(
  { client, replan, fetchCostTable }: ReplanDependencies,
  action: ReplanAction,
  signal: AbortSignal,
): Promise<ReplanAnswer> {
  const { plan, serviceLevel, work, rejected, fittedBy } = action;
  const [report, told] = await Promise.all([
    storedReport(client, action, signal),
    Promise.all(fittedBy.map(fetchCostTable)),
  ]);
  if (typeof report === "string") return { kind: "Impossible", problem: report } as const;
  const { tables, candidates, decision, question } = report;
  try {
    return await replan(
      {
        report: { tables, candidates, decision, question },
        plan,
        target: serviceLevel,
        traffic: work.traffic,
        slowdown: work.slowdown,
        fitted: told.filter((table) => table !== null),
        rejected,
        milliseconds: searchMilliseconds,
      },
      signal,
    );
  } catch (error) {
    signal.throwIfAborted();
    return { kind: "Impossible", problem: (error as Error).message } as const;
  }
}

/** The whole report of the run that measured the tables, or why it cannot be had. */
async function storedReport(
  client: KubeClient,
  { run, manifest }: ReplanAction,
  signal: AbortSignal,
): Promise<TuningReport | string> {
  const { namespace } = manifest.metadata;
  try {
    const { binaryData = {} } = await client.get(configMaps, { namespace, name: reportName(run) }, { signal });
    const packed = Buffer.from(binaryData[reportKeys.report] ?? "", "base64");
    const text = gunzipSync(packed, { maxOutputLength: mostReportBytes }).toString("utf8");
    return parseDocument(TuningReport, text, "The stored report");
  } catch (error) {
    if (error instanceof ApiError && !error.notFound) throw error;
    return (error as Error).message;
  }
}
