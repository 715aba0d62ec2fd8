import { setTimeout as sleep } from "node:timers/promises";
import { LoadStage, type ServingPlan } from "@sweetspot/crds";
import { quantile } from "@sweetspot/planner";
import { encoderPlan } from "./data-plane/encoder-plan.ts";
import { encoderMix, ServedPlan } from "./data-plane/served-plan.ts";
import { shareOf } from "./data-plane/share.ts";
import type { Progress, ProofOutcome } from "./proof.ts";

const wanted = 100;
/** A machine's speed wanders within minutes: changes are compared with what was steady just before and after them. */
const rounds = 5;
const changes = shareOf(wanted / 2 / rounds);
const load = 0.6;
const steadySeconds = shareOf(12);
/** From one change to the next, seconds: twenty times as often as the most eager operator. */
const gapSeconds = { policy: 0.6, session: 2.5 } as const;
/** How often the report is asked for meanwhile: each time takes a millisecond or two of the CPUs that are measured. */
const askMilliseconds = { policy: 10, session: 250 } as const;
const kinds = ["policy", "session"] as const;
type Kind = (typeof kinds)[number];

interface Round {
  readonly kind: Kind;
  readonly before: LoadStage;
  readonly during: LoadStage;
  readonly after: LoadStage;
  /** Of each change, from the file to the report that names it. */
  readonly seconds: readonly number[];
}

/** 100 plan changes under load, half of policy only and half with new engine processes; how long each takes, and what clients see of it. */
export async function provePlanChanges(progress: Progress): Promise<ProofOutcome> {
  const { plan, signature } = await encoderPlan();
  const mix = encoderMix(signature, plan);
  await using server = await ServedPlan.start(plan);
  const rate = load * (await server.capacity(mix));
  progress(`${rate.toFixed(0)} requests/s, ${100 * load} % of capacity`);
  const steady = async () =>
    LoadStage.parse((await server.load(mix, { requestsPerSecond: rate, seconds: steadySeconds }))[0]);
  // What needs new engines here leaves them as fast as they were: otherwise one plan would be compared with another.
  const altered = (kind: Kind, i: number): Partial<ServingPlan> =>
    kind === "policy"
      ? { batching: { ...plan.batching, maximumRows: 4 + (i % 5) } }
      : { artifact: { ...plan.artifact, options: { "session.set_denormal_as_zero": `${i % 2}` } } };
  const change = async (kind: Kind, round: number) => {
    const going = server.loadUntilStopped(mix, rate);
    await sleep(2000);
    const seconds: number[] = [];
    for (let i = 0; i < changes; i += 1) {
      const started = performance.now();
      const revision = `${kind}-${round}-${i}`;
      await server.put({ ...plan, revision, ...altered(kind, i) });
      seconds.push(await taken(server, revision, { started, every: askMilliseconds[kind] }));
      await sleep(Math.max(0, 1000 * gapSeconds[kind] - (performance.now() - started)));
    }
    return { seconds, during: await going.stop() };
  };
  const done: Round[] = [];
  let before = await steady();
  for (let round = 0; round < rounds; round += 1) {
    for (const kind of kinds) {
      const { seconds, during } = await change(kind, round);
      await server.put({ ...plan, revision: `after-${kind}-${round}` });
      await taken(server, `after-${kind}-${round}`, { started: performance.now(), every: askMilliseconds.session });
      const after = await steady();
      done.push({ kind, before, during, after, seconds });
      progress(
        `${kind}: p99 ${p99(before)} ms before, ${p99(during)} during, ${p99(after)} after; ${JSON.stringify(during.counts)}`,
      );
      before = after;
    }
  }
  const of = (kind: Kind) => done.filter((round) => round.kind === kind);
  const ratio = (kind: Kind) =>
    quantile(
      of(kind).map(({ before, during, after }) => p99(during) / Math.sqrt(p99(before) * p99(after))),
      0.5,
    );
  const bad = done.map(({ during: { counts } }) => counts.failed + counts.refused + counts.expired);
  const total = 2 * changes * rounds;
  return {
    measures: [
      { name: "plan changes", figure: total, atLeast: wanted },
      { name: `failed requests during ${total} changes`, figure: bad.reduce((a, b) => a + b), atMost: 0 },
      { name: "p99 during / steady, policy only, median round", figure: ratio("policy"), atMost: 1.1 },
      { name: "p99 during / steady, new engines, median round", figure: ratio("session"), atMost: 1.5 },
      {
        name: "from file change to effect without a model to load, slowest",
        figure: Math.max(...of("policy").flatMap(({ seconds }) => seconds)),
        atMost: 0.2,
        unit: "s",
      },
    ],
    raw: {
      rate,
      rounds: done,
      medianSessionSeconds: quantile(
        of("session").flatMap(({ seconds }) => seconds),
        0.5,
      ),
    },
  };
}

const p99 = (stage: LoadStage): number => stage.latencyMilliseconds.p99 ?? Number.NaN;

/** Seconds until the report names the revision. */
async function taken(
  { server }: ServedPlan,
  revision: string,
  { started, every }: { readonly started: number; readonly every: number },
): Promise<number> {
  while (performance.now() - started < 60_000) {
    if ((await server.report()).planRevision === revision) return (performance.now() - started) / 1000;
    await sleep(every);
  }
  return Number.NaN;
}
