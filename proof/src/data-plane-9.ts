import { setTimeout as sleep } from "node:timers/promises";
import { LoadStage, type ServingPlan } from "@sweetspot/crds";
import { quantile } from "@sweetspot/planner";
import { encoderPlan } from "./data-plane/encoder-plan.ts";
import { encoderMix, ServedPlan } from "./data-plane/served-plan.ts";
import { shareOf } from "./data-plane/share.ts";
import type { Progress, ProofOutcome } from "./proof.ts";

const wanted = 100;
const changes = shareOf(wanted / 2);
const load = 0.6;
const steadySeconds = shareOf(30);
/** From one change to the next, seconds: twenty times as often as the most eager operator. */
const gapSeconds = { policy: 0.6, session: 2.5 } as const;

/** 100 plan changes under load, half of policy only and half with new engine processes; how long each takes, and what clients see of it. */
export async function provePlanChanges(progress: Progress): Promise<ProofOutcome> {
  const { plan, signature } = await encoderPlan();
  const mix = encoderMix(signature, plan);
  await using server = await ServedPlan.start(plan);
  const rate = load * (await server.capacity(mix));
  progress(`${rate.toFixed(0)} requests/s, ${100 * load} % of capacity; ${steadySeconds} s without changes`);
  const steadyLoad = () => server.load(mix, { requestsPerSecond: rate, seconds: steadySeconds });
  const [before] = await steadyLoad();
  const change = async (kind: keyof typeof gapSeconds, altered: (i: number) => Partial<ServingPlan>) => {
    const going = server.loadUntilStopped(mix, rate);
    await sleep(2000);
    const seconds: number[] = [];
    for (let i = 0; i < changes; i += 1) {
      const started = performance.now();
      const revision = `${kind}-${i}`;
      await server.put({ ...plan, revision, ...altered(i) });
      seconds.push(await taken(server, revision, started));
      await sleep(Math.max(0, 1000 * gapSeconds[kind] - (performance.now() - started)));
    }
    const stage = await going.stop();
    progress(`${changes} changes of ${kind}: p99 ${stage.latencyMilliseconds.p99} ms, ${JSON.stringify(stage.counts)}`);
    return { seconds, stage };
  };
  const policy = await change("policy", (i) => ({ batching: { ...plan.batching, maximumRows: 4 + (i % 5) } }));
  const session = await change("session", (i) => ({ layout: { ...plan.layout, pinned: i % 2 === 0 } }));
  await server.put({ ...plan, revision: "again" });
  const [after] = await steadyLoad();
  const p99 = (stage: LoadStage | undefined) => LoadStage.parse(stage).latencyMilliseconds.p99 ?? Number.NaN;
  const steady = Math.sqrt(p99(before) * p99(after));
  progress(`steady p99 ${p99(before)} ms before and ${p99(after)} ms after`);
  const failed = (stage: LoadStage) => stage.counts.failed + stage.counts.refused + stage.counts.expired;
  return {
    measures: [
      { name: "plan changes", figure: 2 * changes, atLeast: wanted },
      {
        name: `failed requests during ${2 * changes} changes`,
        figure: failed(policy.stage) + failed(session.stage),
        atMost: 0,
      },
      { name: "p99 during / steady, policy only", figure: p99(policy.stage) / steady, atMost: 1.1 },
      { name: "p99 during / steady, new engines", figure: p99(session.stage) / steady, atMost: 1.5 },
      {
        name: "from file change to effect without a model to load, slowest",
        figure: Math.max(...policy.seconds),
        atMost: 0.2,
        unit: "s",
      },
    ],
    raw: { rate, before, after, policy, session, medianSessionSeconds: quantile(session.seconds, 0.5) },
  };
}

/** Seconds until the report names the revision. */
async function taken({ server }: ServedPlan, revision: string, started: number): Promise<number> {
  while (performance.now() - started < 60_000) {
    if ((await server.report()).planRevision === revision) return (performance.now() - started) / 1000;
    await sleep(10);
  }
  return Number.NaN;
}
