import type { Condition, InferenceDeployment, TargetStatus } from "@sweetspot/crds";
import { figure, milliseconds, printable, rate, textTable } from "@sweetspot/tuner/words";
import { Command } from "commander";
import { addClusterOptions, type ClusterOptions } from "./cluster-options.ts";
import { type KubectlContext, withCluster } from "./context.ts";
import { targetsOf } from "./target.ts";
import { ago, conditionOf, indented } from "./words.ts";

interface StatusOptions extends ClusterOptions {
  readonly allNamespaces?: boolean;
  readonly json?: boolean;
}

/** `kubectl sweetspot status [NAME]`: how each target is served and does, and of one deployment every condition. */
export const statusCommand = (context: KubectlContext): Command =>
  addClusterOptions(
    new Command("status")
      .description("Show how models are served, how they do, and what is being done about it")
      .argument("[name]", "an InferenceDeployment (default: all)"),
  )
    .option("-A, --all-namespaces", "of all namespaces")
    .option("--json", "print the objects as one JSON document")
    .action((name: string | undefined, options: StatusOptions) => runStatus(name, options, context));

function runStatus(name: string | undefined, options: StatusOptions, context: KubectlContext): Promise<void> {
  const { terminal } = context;
  return withCluster(context, options, async (cluster) => {
    const everywhere = options.allNamespaces === true;
    const found = name === undefined ? await cluster.deployments(everywhere) : [await cluster.deployment(name)];
    if (options.json) {
      const list = { apiVersion: "v1", kind: "List", items: found };
      terminal.out(`${JSON.stringify(name === undefined ? list : found[0], null, 2)}\n`);
      return;
    }
    if (found.length === 0) {
      terminal.error(`There is no InferenceDeployment${everywhere ? "" : ` in namespace ${cluster.namespace}`}.\n`);
      return;
    }
    const details = name === undefined ? [] : found.flatMap((one) => conditionLines(one, context));
    terminal.out(`${[table(found, everywhere), ...details].join("\n")}\n`);
  });
}

const columns = ["NAME", "TARGET", "READY", "WINNER", "LATENCY", "GOAL", "CAPACITY", "PROMISE", "DOING"];

function table(deployments: readonly InferenceDeployment[], everywhere: boolean): string {
  const titles = everywhere ? ["NAMESPACE", ...columns] : columns;
  const rows = deployments.flatMap((deployment) => {
    const { name, namespace = "" } = deployment.metadata;
    return targetsOf(deployment).map((target) => [
      ...(everywhere ? [namespace] : []),
      name,
      target.name,
      ...figures(deployment, target.status),
    ]);
  });
  return textTable(
    titles.map((title) => ({ title })),
    rows,
  );
}

function figures(deployment: InferenceDeployment, target: Partial<TargetStatus>): string[] {
  const { percentile, latencyMilliseconds } = deployment.spec.serviceLevel;
  const { readyReplicas = 0, replicas = 0, capacityRequestsPerSecond: capacity } = target;
  const measured = target.latencyMilliseconds;
  return [
    `${readyReplicas}/${replicas}`,
    target.winner ?? "-",
    measured === undefined ? "-" : milliseconds(measured),
    `${percentile} < ${figure(latencyMilliseconds)} ms`,
    capacity === undefined ? "-" : `${rate(capacity * readyReplicas)}`,
    conditionOf(deployment, "ServiceLevelMet")?.reason ?? "-",
    doing(deployment, target),
  ];
}

/** What is going on at a target, in a word or two. */
function doing(deployment: InferenceDeployment, { diagnosis, revisions = [] }: Partial<TargetStatus>): string {
  const tried = revisions.find(({ outcome }) => outcome === "Trying");
  if (tried !== undefined) return `trying ${tried.name}`;
  if (diagnosis !== undefined) return `${diagnosis.cause}: ${diagnosis.response}`;
  return conditionOf(deployment, "Reconciling")?.reason ?? "-";
}

function conditionLines(deployment: InferenceDeployment, { terminal, now }: KubectlContext): string[] {
  const conditions = deployment.status?.conditions ?? [];
  const line = ({ type, status, reason, lastTransitionTime, message }: Condition) => [
    "",
    printable(`${type}: ${status}, ${reason}, for ${ago(lastTransitionTime, now())}`),
    ...indented(message, 2, terminal.columns),
  ];
  return conditions.flatMap(line);
}
