import { setTimeout as sleep } from "node:timers/promises";
import type { LoadStage } from "@sweetspot/crds";
import { quantile } from "@sweetspot/planner";
import { encoderPlan, rowOf } from "./data-plane/encoder-plan.ts";
import { residentBytes } from "./data-plane/process-facts.ts";
import { jsonMix, ServedPlan } from "./data-plane/served-plan.ts";
import { shareOf } from "./data-plane/share.ts";
import type { Progress, ProofOutcome } from "./proof.ts";

const tokens = 64;
const seconds = shareOf(30);
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
  const capacity = await capacityOf(server, mix);
  progress(`capacity ${capacity.toFixed(0)} requests/s at ${tokens} tokens`);
  const overload = async (factor: number) => {
    const memory = residentBytes(pid);
    const going = server.load(mix, { requestsPerSecond: factor * capacity, seconds });
    const refusals = await probe(server, body, seconds - 2);
    const [stage] = (await going) as [LoadStage];
    const growth = (residentBytes(pid) - memory) / mebibyte;
    const goodput = stage.goodRequestsPerSecond / capacity;
    progress(
      `${factor} x: goodput ${goodput.toFixed(3)}, ${refusals.length} probes refused, p99 ${quantile(refusals, 0.99).toFixed(1)} ms, ${growth.toFixed(0)} MiB; ${JSON.stringify(stage.counts)}`,
    );
    await sleep(3000);
    return { factor, goodput, growth, refusals, stage };
  };
  const results = [await overload(2), await overload(5)];
  const unit = "ms";
  return {
    measures: results.flatMap(({ factor, goodput, growth, refusals }) => [
      { name: `goodput within the target / capacity at ${factor} x`, figure: goodput, atLeast: 0.85 },
      { name: `refusal p99 at ${factor} x`, figure: quantile(refusals, 0.99), atMost: 20, unit },
      { name: `growth of the server's memory at ${factor} x`, figure: growth, atMost: 64, unit: "MiB" },
    ]),
    raw: { capacity, results },
  };
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
