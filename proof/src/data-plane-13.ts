import { setTimeout as sleep } from "node:timers/promises";
import type { LoadStage, ServingPlan } from "@sweetspot/crds";
import { median, quantile } from "@sweetspot/planner";
import { describeModel, safePlan } from "@sweetspot/sidecar";
import { embeddingModel, writeOnnx } from "@sweetspot/test";
import { prepareMix } from "@sweetspot/tuner";
import { rowOf, target } from "./data-plane/encoder-plan.ts";
import { openHandles, residentBytes } from "./data-plane/process-facts.ts";
import { ServedPlan } from "./data-plane/served-plan.ts";
import { shareOf } from "./data-plane/share.ts";
import type { Progress, ProofOutcome } from "./proof.ts";

const wanted = 1_000_000;
const requests = shareOf(wanted);
const wantedChanges = 100;
const changes = shareOf(wantedChanges);
const connections = 32;
const stageSeconds = 10;
const parts = 5;
/** Idle connections are closed by then. */
const quietMilliseconds = 12_000;
const mebibyte = 2 ** 20;

/** A million requests for a tiny model, with 100 plan changes among them: memory and open handles of the server. */
export async function proveSoak(progress: Progress): Promise<ProofOutcome> {
  const file = await writeOnnx(embeddingModel());
  const safe = await safePlan(file, "encoder", target, 1);
  const plan: ServingPlan = {
    ...safe,
    revision: "proof",
    batching: { ...safe.batching, former: "CostTable", maximumRows: 16 },
  };
  const signature = await describeModel(file);
  const mix = prepareMix(
    [1, 2, 3, 4].map((seed) => rowOf(signature, 8 + seed, seed)),
    "binary",
    ["embedding"],
  );
  await using server = await ServedPlan.start(plan);
  const { pid } = server.server.command;
  // What is allocated once is allocated then: threads, caches, both kinds of plans.
  await server.load(mix, { connections, seconds: 5 });
  await changePlan(server, plan, 0);
  await changePlan(server, plan, 1);
  await sleep(quietMilliseconds);
  const handlesBefore = openHandles(pid);
  const samples: number[] = [];
  const sampling = setInterval(() => samples.push(residentBytes(pid) / mebibyte), 250);
  const stages: LoadStage[] = [];
  let done = 0;
  let changed = 0;
  const changing = (async () => {
    while (done < requests) {
      // As many changes as the share of the requests that are done.
      if (changed < Math.min(changes, (changes * done) / requests + 1)) {
        changed += 1;
        await changePlan(server, plan, changed);
      } else await sleep(100);
    }
    for (; changed < changes; changed += 1) await changePlan(server, plan, changed);
  })();
  while (done < requests) {
    for (const stage of await server.load(mix, { connections, seconds: stageSeconds })) {
      stages.push(stage);
      done += stage.counts.total;
    }
    progress(`${done} requests, ${changed} changes, ${(samples.at(-1) ?? 0).toFixed(0)} MiB`);
  }
  await changing;
  clearInterval(sampling);
  await server.put(plan);
  await sleep(quietMilliseconds);
  const handlesAfter = openHandles(pid);
  const bad = stages.reduce((sum, { counts }) => sum + counts.failed + counts.refused + counts.expired, 0);
  const { growth, noise } = memoryOf(samples);
  return {
    measures: [
      { name: "requests", figure: done, atLeast: wanted },
      { name: "plan changes", figure: changed, atLeast: wantedChanges },
      { name: "client errors", figure: bad, atMost: 0 },
      {
        name: "growth of memory from the second to the last fifth / noise within them",
        figure: growth / noise,
        atMost: 1,
      },
      { name: "open handles afterwards more than before", figure: handlesAfter - handlesBefore, atMost: 0 },
    ],
    raw: {
      growthMebibytes: growth,
      noiseMebibytes: noise,
      handlesBefore,
      handlesAfter,
      samples: thinned(samples),
      stages,
    },
  };
}

/** Every other change needs new engines. Resolves when it serves. */
async function changePlan(server: ServedPlan, plan: ServingPlan, index: number): Promise<void> {
  const revision = `change-${index}`;
  const layout = { ...plan.layout, pinned: Math.floor(index / 2) % 2 === 0 };
  await server.put({ ...plan, revision, layout, batching: { ...plan.batching, maximumRows: 8 + (index % 8) } });
  const end = performance.now() + 60_000;
  while ((await server.server.report()).planRevision !== revision) {
    if (performance.now() > end) throw new Error(`plan ${revision} was not taken`);
    await sleep(20);
  }
}

/** Of resident memory: the median of the last fifth less that of the second, and the 5 to 95 % range within the fifths. */
function memoryOf(samples: readonly number[]): { growth: number; noise: number } {
  const size = Math.floor(samples.length / parts);
  const fifths = Array.from({ length: parts }, (_, i) => samples.slice(i * size, (i + 1) * size)).slice(1);
  const ranges = fifths.map((fifth) => quantile(fifth, 0.95) - quantile(fifth, 0.05));
  return { growth: median(fifths.at(-1) ?? []) - median(fifths[0] ?? []), noise: median(ranges) };
}

const thinned = (samples: readonly number[]): number[] =>
  samples.filter((_, i) => i % 8 === 0).map((sample) => Math.round(10 * sample) / 10);
