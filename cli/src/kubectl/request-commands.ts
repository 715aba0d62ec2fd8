import type { InferenceDeployment, PlanHistory } from "@sweetspot/crds";
import { requestKeys } from "@sweetspot/operator";
import { Command } from "commander";
import { UserError } from "../user-error.ts";
import type { Cluster } from "./cluster.ts";
import { addClusterOptions, type ClusterOptions } from "./cluster-options.ts";
import { type KubectlContext, withCluster } from "./context.ts";
import { targetsOf } from "./target.ts";

interface RequestOptions extends ClusterOptions {
  readonly json?: boolean;
}

/** What a person asks for: the annotations that say so, and a sentence for the person. */
interface Request {
  readonly annotations: Readonly<Record<string, string | null>>;
  readonly sentence: string;
}

/** `retune`, `rollback`, `pin` and `unpin`: annotations of the InferenceDeployment, which the operator obeys once. */
export const requestCommands = (context: KubectlContext): Command[] => [
  asking(context, "retune", "Ask for a new measurement of all targets", retune),
  asking(context, "rollback", "Go back to the plan that served before, on all targets that have one", rollback),
  asking(context, "unpin", "Let the operator choose the plan again", unpin),
  pinCommand(context),
];

type Ask = (cluster: Cluster, deployment: InferenceDeployment, at: string) => Request | Promise<Request>;

const asking = (context: KubectlContext, name: string, description: string, ask: Ask): Command =>
  addClusterOptions(new Command(name).description(description).argument("<name>", "an InferenceDeployment"))
    .option("--json", "print the InferenceDeployment as one JSON document")
    .action((of: string, options: RequestOptions) => send(of, options, context, ask));

const pinCommand = (context: KubectlContext): Command =>
  addClusterOptions(
    new Command("pin")
      .description("Serve this plan, and change nothing until it is unpinned")
      .argument("<name>", "an InferenceDeployment")
      .argument("<revision>", 'a plan that "history" shows'),
  )
    .option("--json", "print the InferenceDeployment as one JSON document")
    .action((of: string, revision: string, options: RequestOptions) =>
      send(of, options, context, (cluster, deployment) => pin(cluster, deployment, revision)),
    );

function send(name: string, options: RequestOptions, context: KubectlContext, ask: Ask): Promise<void> {
  return withCluster(context, options, async (cluster) => {
    const at = new Date(context.now()).toISOString();
    const { annotations, sentence } = await ask(cluster, await cluster.deployment(name), at);
    await cluster.annotate(name, annotations);
    const said = options.json ? JSON.stringify(await cluster.deployment(name), null, 2) : sentence;
    context.terminal.out(`${said}\n`);
  });
}

function retune(_: Cluster, { metadata, spec }: InferenceDeployment, at: string): Request {
  if (spec.tuning.mode === "Disabled") {
    throw new UserError("ClusterRefused", `${metadata.name} has spec.tuning.mode Disabled: set it to Automatic first.`);
  }
  const targets = spec.targets.map(({ name }) => name).join(", ");
  return {
    annotations: { [requestKeys.retune]: at },
    sentence: `Asked for a new measurement of ${targets}. Follow it: kubectl get tuningruns -w`,
  };
}

async function rollback(cluster: Cluster, deployment: InferenceDeployment, at: string): Promise<Request> {
  const steps = (await histories(cluster, deployment)).flatMap(({ target, history }) => {
    const serving = history.revisions.find(({ name }) => name === history.serving);
    const before = history.revisions.find(({ name }) => name === serving?.previous);
    return before === undefined ? [] : [`${target} from ${history.serving} to ${before.name}`];
  });
  if (steps.length === 0) {
    throw new UserError("ClusterRefused", `No target of ${deployment.metadata.name} has a plan to go back to.`);
  }
  return { annotations: { [requestKeys.rollback]: at }, sentence: `Asked to go back: ${steps.join("; ")}.` };
}

async function pin(cluster: Cluster, deployment: InferenceDeployment, revision: string): Promise<Request> {
  const known = (await histories(cluster, deployment)).flatMap(({ history }) => history.revisions);
  if (!known.some(({ name }) => name === revision)) {
    const names = known.map(({ name }) => name).join(", ") || "none yet";
    throw new UserError("ClusterRefused", `There is no plan ${revision}. The history has: ${names}.`);
  }
  return {
    annotations: { [requestKeys.pin]: revision },
    sentence: `Pinned ${revision}: nothing is changed until "kubectl sweetspot unpin ${deployment.metadata.name}".`,
  };
}

function unpin(_: Cluster, { metadata }: InferenceDeployment): Request {
  if (metadata.annotations?.[requestKeys.pin] === undefined) {
    throw new UserError("ClusterRefused", `${metadata.name} is not pinned.`);
  }
  return { annotations: { [requestKeys.pin]: null }, sentence: `${metadata.name} is no longer pinned.` };
}

async function histories(cluster: Cluster, deployment: InferenceDeployment) {
  const found: { target: string; history: PlanHistory }[] = [];
  for (const { name: target } of targetsOf(deployment)) {
    const stored = await cluster.history(deployment, target);
    if (stored !== null) found.push({ target, history: stored.history });
  }
  return found;
}
