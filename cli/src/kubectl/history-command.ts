import type { PlanHistory, PlanRevision, RetuningRecord } from "@sweetspot/crds";
import { printable, rate, textTable } from "@sweetspot/tuner/words";
import { Command } from "commander";
import { UserError } from "../user-error.ts";
import { addClusterOptions, addTargetOption, type OneTargetOptions } from "./cluster-options.ts";
import { type KubectlContext, withCluster } from "./context.ts";
import { targetOf } from "./target.ts";
import { ago, indented } from "./words.ts";

/** `kubectl sweetspot history NAME`: the plans of a target, why each was taken and what became of it. */
export const historyCommand = (context: KubectlContext): Command =>
  addTargetOption(
    addClusterOptions(
      new Command("history")
        .description("Show the plans of a target: why each was taken, and what became of it")
        .argument("<name>", "an InferenceDeployment"),
    ),
  )
    .option("--json", "print the `PlanHistory` document")
    .action((name: string, options: OneTargetOptions) => runHistory(name, options, context));

function runHistory(name: string, options: OneTargetOptions, context: KubectlContext): Promise<void> {
  return withCluster(context, options, async (cluster) => {
    const deployment = await cluster.deployment(name);
    const target = targetOf(deployment, options.target);
    const found = await cluster.history(deployment, target);
    if (found === null) {
      throw new UserError("ClusterRefused", `Target ${target} of ${name} has no plan yet: it serves the source model.`);
    }
    const { history } = found;
    context.terminal.out(`${options.json ? JSON.stringify(history, null, 2) : inWords(history, context)}\n`);
  });
}

const columns = ["REVISION", "FROM", "OUTCOME", "SINCE", "CAPACITY", "PLAN"].map((title) => ({ title }));

function inWords(history: PlanHistory, { terminal, now }: KubectlContext): string {
  const row = ({ name, origin, outcome, since, capacityRequestsPerSecond, summary }: PlanRevision) => [
    name,
    origin,
    outcome,
    ago(since, now()),
    rate(capacityRequestsPerSecond),
    summary,
  ];
  const [title = "", ...rows] = textTable(columns, history.revisions.map(row)).split("\n");
  const revisions = history.revisions.flatMap(({ message }, index) => [
    rows[index] ?? "",
    ...indented(message, 4, terminal.columns),
  ]);
  return [title, ...revisions, ...actionLines(history, now()), ...presentLines(history, terminal.columns)].join("\n");
}

function actionLines({ retuning: { records } }: PlanHistory, now: number): string[] {
  if (records.length === 0) return [];
  const line = ({ at, action, cause, revision }: RetuningRecord) =>
    printable(
      `  ${ago(at, now).padStart(4)} ago  ${action} for ${cause}${revision === null ? "" : `, of ${revision}`}`,
    );
  return ["", "In the last 24 hours:", ...records.map(line)];
}

/** What is under way, and what came of the last thing that was. */
function presentLines({ work, trial, lastResult }: PlanHistory, columns: number): string[] {
  const tried = trial === null ? [] : [`${trial.revision} is tried beside the plan that serves.`];
  const begun = work === null ? [] : [`${work.kind} is under way, ${work.cause ?? "because somebody asked for it"}.`];
  const last = lastResult === "" ? [] : [`Last result: ${lastResult}`];
  const lines = [...tried, ...begun, ...last].flatMap((sentence) => indented(sentence, 0, columns));
  return lines.length === 0 ? [] : ["", ...lines];
}
