import { setTimeout as sleep } from "node:timers/promises";
import { bracketsDiffer } from "@sweetspot/bench";
import type { LoadStage } from "@sweetspot/crds";
import { mean, median, quantile } from "@sweetspot/planner";
import { encoderPlan, rowOf } from "./data-plane/encoder-plan.ts";
import { residentBytes } from "./data-plane/process-facts.ts";
import { jsonMix, ServedPlan } from "./data-plane/served-plan.ts";
import { shareOf } from "./data-plane/share.ts";
import type { Measure, Progress, ProofOutcome } from "./proof.ts";

const tokens = 64;
const seconds = shareOf(30);
const factors = [2, 5];
const wantedRounds = 3;
/** Void rounds are made up for, but not for ever. */
const mostRounds = 6;
const probeMilliseconds = 40;
const mebibyte = 2 ** 20;

/** Two and five times as many requests as the server can answer: what it still answers in time, and how soon it refuses the rest. */
export async function proveOverload(progress: Progress): Promise<ProofOutcome> {
  const { plan: measured, signature } = await encoderPlan();
  const plan = { ...measured, admission: { ...measured.admission, refuseLate: true } };
  const mix = jsonMix(
    Array.from({ length: 32 }, (_, i) => rowOf(signature, tokens, i)),
    plan.outputs ?? [],
  );
  const body = Buffer.from((mix.requests[0] as (typeof mix.requests)[0]).body).toString();
  await using server = await ServedPlan.start(plan);
  const { pid } = server.server.command;
  let before = await capacityOf(server, mix);
  progress(`capacity ${before.toFixed(0)} requests/s at ${tokens} tokens`);
  const overload = async (factor: number, capacity: number) => {
    const memory = residentBytes(pid);
    const going = server.load(mix, { requestsPerSecond: factor * capacity, seconds });
    const refusals = await probe(server, body, seconds - 2);
    const [stage] = (await going) as [LoadStage];
    const growth = (residentBytes(pid) - memory) / mebibyte;
    await sleep(3000);
    return { factor, growth, refusals, stage };
  };
  /** Between two measurements of the capacity, so that goodput is compared with what the machine could do meanwhile. */
  const bracketed = async (factor: number): Promise<Round> => {
    const overloaded = await overload(factor, before);
    const after = await capacityOf(server, mix);
    const brackets = [before, after] as const;
    const goodput = overloaded.stage.goodRequestsPerSecond / mean(brackets);
    const round = { ...overloaded, brackets, void: bracketsDiffer(...brackets), goodput };
    before = after;
    progress(inWords(round));
    return round;
  };
  const rounds: Round[] = [];
  const validAt = (factor: number) => rounds.filter((round) => round.factor === factor && !round.void);
  for (let i = 0; i < mostRounds && factors.some((factor) => validAt(factor).length < wantedRounds); i += 1) {
    for (const factor of factors) if (validAt(factor).length < wantedRounds) rounds.push(await bracketed(factor));
  }
  return { measures: factors.flatMap((factor) => measuresOf(factor, validAt(factor))), raw: { rounds } };
}

interface Round {
  readonly factor: number;
  /** Good requests per second at saturation, before and after. */
  readonly brackets: readonly [number, number];
  readonly void: boolean;
  readonly goodput: number;
  /** Milliseconds, of each probe that was refused. */
  readonly refusals: readonly number[];
  /** MiB. */
  readonly growth: number;
  readonly stage: LoadStage;
}

const inWords = ({ factor, goodput, refusals, growth, stage, brackets, ...round }: Round): string =>
  `${round.void ? "void, the machine changed speed: " : ""}${factor} x ${brackets.map((one) => one.toFixed(0)).join(" to ")}/s: goodput ${goodput.toFixed(3)}, ${refusals.length} probes refused, p99 ${quantile(refusals, 0.99).toFixed(1)} ms, ${growth.toFixed(0)} MiB; ${JSON.stringify(stage.counts)}`;

/** Medians over the valid rounds; no figure, which holds nothing, where there are none. */
function measuresOf(factor: number, rounds: readonly Round[]): Measure[] {
  const middle = (of: (round: Round) => number) => median(rounds.map(of));
  return [
    {
      name: `goodput within the target / capacity at ${factor} x`,
      figure: middle(({ goodput }) => goodput),
      atLeast: 0.85,
    },
    {
      name: `refusal p99 at ${factor} x`,
      figure: middle(({ refusals }) => quantile(refusals, 0.99)),
      atMost: 20,
      unit: "ms",
    },
    {
      name: `growth of the server's memory at ${factor} x`,
      figure: middle(({ growth }) => growth),
      atMost: 64,
      unit: "MiB",
    },
  ];
}

/** At saturation by clients that wait for their answers, as many as fit into the target. */
async function capacityOf(server: ServedPlan, mix: Parameters<ServedPlan["load"]>[0]): Promise<number> {
  const stages = await server.load(mix, { connections: 16, seconds: 4 }, { connections: 16, seconds: 10 });
  return (stages.at(-1) as LoadStage).goodRequestsPerSecond;
}

/** Milliseconds until the answer of each probe that was refused, over a connection that stays open. */
async function probe({ server }: ServedPlan, body: string, forSeconds: number): Promise<number[]> {
  const refused: number[] = [];
  const end = performance.now() + 1000 * forSeconds;
  const open: Promise<void>[] = [];
  while (performance.now() < end) {
    const started = performance.now();
    open.push(
      server.infer(body).then(({ status }) => {
        if (status === 503) refused.push(performance.now() - started);
      }),
    );
    await sleep(probeMilliseconds);
  }
  await Promise.all(open);
  return refused;
}
