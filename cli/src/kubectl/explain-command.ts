import type { InferenceDeployment, TargetStatus } from "@sweetspot/crds";
import { requestKeys } from "@sweetspot/operator";
import { figure, milliseconds, percentileName, printable, rate } from "@sweetspot/tuner/words";
import { Command } from "commander";
import { addClusterOptions, type ClusterOptions } from "./cluster-options.ts";
import { type KubectlContext, withCluster } from "./context.ts";
import { targetsOf } from "./target.ts";
import { ago, indented } from "./words.ts";

interface ExplainOptions extends ClusterOptions {
  readonly json?: boolean;
}

/** A question that somebody may have about a deployment, and what status says to it. */
interface Answer {
  /** The target that it is about; null for the whole deployment. */
  readonly target: string | null;
  readonly question: string;
  readonly sentences: readonly string[];
}

/** `kubectl sweetspot explain NAME`: why it is served as it is, what is wrong, and what happens next. */
export const explainCommand = (context: KubectlContext): Command =>
  addClusterOptions(
    new Command("explain")
      .description("Say why a model is served as it is, what keeps it from its promise, and what happens next")
      .argument("<name>", "an InferenceDeployment"),
  )
    .option("--json", "print questions and answers as one JSON document")
    .action((name: string, options: ExplainOptions) =>
      withCluster(context, options, async (cluster) => {
        const answers = explain(await cluster.deployment(name), context.now());
        const { terminal } = context;
        terminal.out(`${options.json ? JSON.stringify(answers, null, 2) : inWords(answers, terminal.columns)}\n`);
      }),
    );

function inWords(answers: readonly Answer[], columns: number): string {
  const blocks = answers.map(({ target, question, sentences }) =>
    [
      printable(target === null ? question : `${target}: ${question}`),
      ...sentences.flatMap((sentence) => indented(sentence, 2, columns)),
    ].join("\n"),
  );
  return blocks.join("\n\n");
}

/** All that status can tell, in the order in which people ask. */
export function explain(deployment: InferenceDeployment, now: number): Answer[] {
  const { conditions = [] } = deployment.status ?? {};
  const whole = (question: string, sentences: readonly string[]): Answer => ({ target: null, question, sentences });
  const about = (types: readonly string[]) =>
    conditions.filter(({ type }) => types.includes(type)).map(({ message }) => message);
  const pinned = deployment.metadata.annotations?.[requestKeys.pin];
  const answers = [
    whole("Does it serve?", about(["Ready", "ModelResolved"])),
    whole("Is the promise kept?", about(["ServiceLevelMet", "ReportsReceived"])),
    whole("How many replicas, and why?", scaled(deployment, now)),
    whole("Is it pinned?", pinned === undefined ? [] : [`The plan ${pinned} is pinned: nothing else is tried.`]),
    ...targetsOf(deployment).flatMap(({ name, status }) => explainTarget(name, status, deployment, now)),
    whole(
      "What is going on?",
      about(["Tuned", "NodeClassConfirmed", "ConfigurationApplied", "Reconciling", "Stalled"]),
    ),
  ];
  return answers.filter(({ sentences }) => sentences.length > 0);
}

function scaled({ status }: InferenceDeployment, now: number): string[] {
  if (status?.autoscaling === undefined) return [];
  const { replicas, reason, message, since } = status.autoscaling;
  return [`${replicas} for ${ago(since, now)}, ${reason}: ${message}`];
}

function explainTarget(
  target: string,
  status: Partial<TargetStatus>,
  deployment: InferenceDeployment,
  now: number,
): Answer[] {
  return [
    { target, question: "What is served, and why?", sentences: chosen(status) },
    { target, question: "How good is it?", sentences: measured(status, deployment) },
    { target, question: "What keeps it from its promise?", sentences: diagnosed(status, now) },
    { target, question: "What was decided?", sentences: decided(status, now) },
  ];
}

const chosen = ({ winner, reason, planRevision }: Partial<TargetStatus>): string[] =>
  winner === undefined
    ? []
    : [`${winner}${planRevision === undefined ? "" : ` (${planRevision})`}`, ...(reason === undefined ? [] : [reason])];

function measured(status: Partial<TargetStatus>, { spec }: InferenceDeployment): string[] {
  const { latencyMilliseconds: latency, percentile, verdict, capacityRequestsPerSecond: capacity } = status;
  const name = percentileName(percentile ?? spec.serviceLevel.percentile);
  const target = `${figure(spec.serviceLevel.latencyMilliseconds)} ms`;
  const best = status.bestReachableMilliseconds;
  return [
    ...(latency === undefined
      ? []
      : [
          `${name} was ${milliseconds(latency)} when it was confirmed; the target is ${target}${verdictWords(verdict)}.`,
        ]),
    ...(capacity === undefined ? [] : [`One replica carries ${rate(capacity)} within the target.`]),
    ...(best === undefined ? [] : [`The lowest ${name} that its nodes reach is ${milliseconds(best)}.`]),
  ];
}

const verdictWords = (verdict: TargetStatus["verdict"]): string => (verdict === undefined ? "" : ` (${verdict})`);

function diagnosed({ diagnosis }: Partial<TargetStatus>, now: number): string[] {
  if (diagnosis === undefined) return [];
  const { cause, since, message, evidence, response, action, until } = diagnosis;
  const figures = evidence.map(({ name, value }) => `${name} ${figure(value)}`).join(", ");
  return [
    `${cause}, for ${ago(since, now)}: ${message}`,
    ...(figures === "" ? [] : [`Evidence: ${figures}.`]),
    `Response: ${response}${action === undefined ? "" : `, ${action}`}${until === undefined ? "" : `, not before ${until}`}.`,
  ];
}

const decided = ({ revisions = [] }: Partial<TargetStatus>, now: number): string[] =>
  revisions.map(({ name, outcome, since, message }) => `${ago(since, now)} ago, ${name} ${outcome}: ${message}`);
