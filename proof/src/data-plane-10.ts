import { setTimeout as sleep } from "node:timers/promises";
import { apiVersion, type ServingPlan } from "@sweetspot/crds";
import { quantile, seededRandom } from "@sweetspot/planner";
import { safePlan } from "@sweetspot/sidecar";
import { stallingModel, writeOnnx } from "@sweetspot/test";
import { encoderPlan } from "./data-plane/encoder-plan.ts";
import { encoderMix, ServedPlan } from "./data-plane/served-plan.ts";
import { shareOf } from "./data-plane/share.ts";
import type { Progress, ProofOutcome } from "./proof.ts";

const kills = 50;
const hangs = 20;
const load = 0.4;
const gapMilliseconds = 400;
const patienceMilliseconds = 20_000;
const good = 31;
/** Keeps an engine busy for many seconds; the plan's cost table calls it hung after two. */
const poison = 6000;

/** Engines that are killed and stopped under load, and a request that takes every batch down that it is in. */
export async function proveFaults(progress: Progress): Promise<ProofOutcome> {
  const { plan, signature } = await encoderPlan();
  const mix = encoderMix(signature, plan);
  await using server = await ServedPlan.start(plan);
  const rate = load * (await server.capacity(mix));
  progress(`${rate.toFixed(0)} requests/s, ${100 * load} % of capacity`);
  const random = seededRandom(10);

  /** Signals engines under load, one after the other; gives the seconds until each was replaced, and the load's counts. */
  const strike = async (signal: "SIGKILL" | "SIGSTOP", times: number) => {
    const seconds: number[] = [];
    const going = server.loadUntilStopped(mix, rate);
    await sleep(2000);
    for (let i = 0; i < times; i += 1) {
      const engines = server.engines();
      const victim = engines[Math.floor(random() * engines.length)] as number;
      const started = performance.now();
      process.kill(victim, signal);
      seconds.push(await replaced(server, victim, started));
      await sleep(gapMilliseconds * (0.5 + random()));
    }
    await sleep(1000);
    const stage = await going.stop();
    progress(`${times} x ${signal}: replaced after ${seconds.map((one) => one.toFixed(2)).join(" ")} s`);
    progress(`  ${JSON.stringify(stage.counts)}, p99 ${stage.latencyMilliseconds.p99?.toFixed(0)} ms`);
    return { seconds, stage };
  };
  const killed = await strike("SIGKILL", shareOf(kills));
  const hung = await strike("SIGSTOP", shareOf(hangs));
  const poisoned = await sendPoison();
  progress(`poison: statuses ${JSON.stringify(poisoned)}`);
  const errors = ({ stage }: typeof killed) => stage.counts.failed + stage.counts.refused + stage.counts.expired;
  return {
    measures: [
      { name: "engines killed", figure: killed.seconds.length, atLeast: kills },
      { name: `client errors while engines are killed ${kills} times`, figure: errors(killed), atMost: 0 },
      { name: "recovery p95", figure: quantile(killed.seconds, 0.95), atMost: 2, unit: "s" },
      { name: "hangs detected and replaced", figure: hung.seconds.filter(Number.isFinite).length, atLeast: hangs },
      { name: "client errors during hangs", figure: errors(hung), atMost: 0 },
      { name: "good ones answered beside a request that takes engines down", figure: poisoned.good, atLeast: good },
      { name: "that request refused with 500", figure: Number(poisoned.bad === 500), atLeast: 1 },
    ],
    raw: { rate, killed, hung, poisoned },
  };
}

/** Seconds until another process is ready in its place; NaN where that does not happen. */
async function replaced({ server, engines, plan }: ServedPlan, victim: number, started: number): Promise<number> {
  const end = started + patienceMilliseconds;
  while (performance.now() < end) {
    await sleep(20);
    // A look at the process table first: the report of a moment ago may still call the dead one ready.
    if (engines().includes(victim)) continue;
    const report = await server.report();
    const ready = report.engines.filter(({ state }) => state === "Ready").length;
    if (ready === plan.layout.instances && engines().length === ready) return (performance.now() - started) / 1000;
  }
  return Number.NaN;
}

/** 31 good requests and the bad one come together and are in one batch. Gives how many good ones were answered, and the bad one's status. */
async function sendPoison(): Promise<{ good: number; bad: number; batches: number }> {
  const target = { percentile: "P99", latencyMilliseconds: 10_000 } as const;
  const safe = await safePlan(await writeOnnx(stallingModel()), "staller", target, 1);
  const cells = [1, 32].map((rows) => ({ rows, length: 1, microseconds: 1000, samples: 1 }));
  const plan: ServingPlan = {
    ...safe,
    revision: "proof",
    batching: { ...safe.batching, maximumRows: 64, holdMicroseconds: 300_000 },
    costTable: {
      apiVersion,
      kind: "CostTable",
      cells,
      noiseFactors: [1],
      overhead: { perBatchMicroseconds: 0, perRequestMicroseconds: 0 },
    },
  };
  await using served = await ServedPlan.start(plan);
  const ask = async (work: number) => {
    const body = JSON.stringify({ inputs: [{ name: "work", datatype: "INT64", shape: [1, 1], data: [work] }] });
    const { status, text } = await served.server.infer(body);
    return { status, own: status === 200 && JSON.parse(text).outputs[0].data[0] === work };
  };
  const numbers = Array.from({ length: good }, (_, i) => 1 + i);
  const [bad, ...others] = await Promise.all([ask(poison), ...numbers.map(ask)]);
  const { batches } = await served.server.report();
  return { good: others.filter(({ own }) => own).length, bad: bad?.status ?? 0, batches };
}
