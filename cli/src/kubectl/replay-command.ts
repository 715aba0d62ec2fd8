import type { InferenceDeployment, TrafficReplay, TuningReport } from "@sweetspot/crds";
import { Command } from "commander";
import { UserError } from "../user-error.ts";
import type { Cluster } from "./cluster.ts";
import { addClusterOptions, addTargetOption, type OneTargetOptions } from "./cluster-options.ts";
import { type KubectlContext, withCluster } from "./context.ts";
import { targetOf } from "./target.ts";

/** `kubectl sweetspot replay NAME`: what recorded traffic would have met under each known plan of a target. */
export const replayCommand = (context: KubectlContext): Command =>
  addTargetOption(
    addClusterOptions(
      new Command("replay")
        .description("Show what recorded traffic would have met under each plan, without measuring")
        .argument("<name>", "an InferenceDeployment"),
    ),
  )
    .option("--json", "print the `TrafficReplay` document")
    .action((name: string, options: OneTargetOptions) =>
      withCluster(context, options, async (cluster) => {
        const deployment = await cluster.deployment(name);
        const target = targetOf(deployment, options.target);
        const replay = await replayOf(cluster, deployment, target);
        if (replay === null) {
          throw new UserError(
            "ClusterRefused",
            `No traffic of target ${target} of ${name} was recorded yet: that is done when a plan has kept the target for some minutes, and at a breach.`,
          );
        }
        const { summarizeReplay } = await import("@sweetspot/tuner");
        context.terminal.out(`${options.json ? JSON.stringify(replay, null, 2) : summarizeReplay(replay)}\n`);
      }),
    );

/** Null where no traffic was recorded. Throws `UserError`. */
export async function replayOf(
  cluster: Cluster,
  deployment: InferenceDeployment,
  target: string,
): Promise<TrafficReplay | null> {
  const stored = await cluster.history(deployment, target);
  if (stored?.history.recorded === undefined) return null;
  const runs = new Set(stored.history.revisions.map(({ run }) => run));
  const reports = new Map<string, TuningReport>();
  for (const run of runs) {
    const report = await cluster.reportOf(deployment, run).catch(orGone);
    if (report !== null) reports.set(run, report);
  }
  const { percentile, latencyMilliseconds } = deployment.spec.serviceLevel;
  const { replayPlans } = await import("./replay-plans.ts");
  return replayPlans({ ...stored, reports, serviceLevel: { percentile, latencyMilliseconds } });
}

/** Runs go when nothing needs them any more, and their plans with them. */
function orGone(error: unknown): null {
  if (error instanceof UserError && error.exit !== "Unavailable") return null;
  throw error;
}
