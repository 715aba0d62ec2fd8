import { Command } from "commander";
import { writeWhole } from "../report-files.ts";
import { addQuestions, answerWhatIf, type WhatIfOptions } from "../what-if-command.ts";
import type { Cluster } from "./cluster.ts";
import { addClusterOptions, addTargetOption, type OneTargetOptions } from "./cluster-options.ts";
import { type KubectlContext, withCluster } from "./context.ts";
import { replayOf } from "./replay-command.ts";
import { targetOf } from "./target.ts";

const ofTarget = (command: Command): Command =>
  addTargetOption(addClusterOptions(command.argument("<name>", "an InferenceDeployment")));

async function targetNamed(cluster: Cluster, name: string, { target }: OneTargetOptions) {
  const deployment = await cluster.deployment(name);
  return { deployment, target: targetOf(deployment, target) };
}

interface ReportOptions extends OneTargetOptions {
  readonly out?: string;
}

/** `kubectl sweetspot report NAME`: the whole answer of the tuning that measured a target, and recorded traffic under its plans. */
export const reportCommand = (context: KubectlContext): Command =>
  ofTarget(new Command("report").description("Show what the tuning of a target measured and decided"))
    .option("--out <file>", "write the report as HTML too")
    .option("--json", "print the report as one JSON document")
    .action((name: string, options: ReportOptions) =>
      withCluster(context, options, async (cluster) => {
        const { deployment, target } = await targetNamed(cluster, name, options);
        const report = await cluster.report(deployment, target);
        const silent = options.json && options.out === undefined;
        const replay = silent ? null : await replayOf(cluster, deployment, target);
        const { renderReport, summarizeReplay, summarizeReport } = await import("@sweetspot/tuner");
        if (options.out !== undefined) {
          await writeWhole(options.out, renderReport(report, replay));
          context.terminal.error(`Wrote ${options.out}\n`);
        }
        const words = replay === null ? [] : ["", summarizeReplay(replay)];
        const text = options.json ? JSON.stringify(report, null, 2) : [summarizeReport(report), ...words].join("\n");
        context.terminal.out(`${text}\n`);
      }),
    );

/** `kubectl sweetspot what-if NAME`: what the tuned model would do with another rate, target or number of CPUs. */
export const whatIfCommand = (context: KubectlContext): Command =>
  addQuestions(
    ofTarget(new Command("what-if").description("Forecast another rate, target or number of CPUs, without measuring")),
  ).action((name: string, options: OneTargetOptions & WhatIfOptions) =>
    withCluster(context, options, async (cluster) => {
      const { deployment, target } = await targetNamed(cluster, name, options);
      context.terminal.out(await answerWhatIf(await cluster.report(deployment, target), options));
    }),
  );
