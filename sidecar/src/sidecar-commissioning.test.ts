import { apiVersion, type CostTable } from "@sweetspot/crds";
import { pino } from "pino";
import { expect, it } from "vitest";
import { embeddingModel, writeOnnx } from "../../test/src/builders/onnx-model.ts";
import { safePlan } from "./plan/safe-plan.ts";
import { startSidecar } from "./sidecar.ts";

const host = "127.0.0.1";
const target = { percentile: "P99", latencyMilliseconds: 2000 } as const;

/** The tiny model takes far less than a millisecond, whatever the machine. */
const costTable: CostTable = {
  apiVersion,
  kind: "CostTable",
  cells: [1, 2, 4].map((rows) => ({ rows, length: 8, microseconds: rows * 20_000, samples: 9 })),
  noiseFactors: [1],
  overhead: { perBatchMicroseconds: 0, perRequestMicroseconds: 0 },
};

it("a server tells at its start how fast the machine is beside its cost table, and not of a plan that comes while it serves", async () => {
  const safe = await safePlan(await writeOnnx(embeddingModel()), "encoder", target, 1);
  const plan = { ...safe, batching: { ...safe.batching, maximumRows: 2 }, costTable };
  const log = pino({ level: "silent" });
  const sidecar = await startSidecar({ plan, host, httpPort: 0, metricsPort: 0, log });
  try {
    const found = sidecar.report().drift?.commissioning;
    expect(found?.shapes.map(({ rows, length }) => [rows, length])).toEqual([
      [1, 8],
      [2, 8],
    ]);
    expect(found?.ratio).toBeLessThan(1);
    const text = await (await fetch(`http://${host}:${sidecar.metricsPort}/metrics`)).text();
    const told = /^sweetspot_commissioning_ratio (.+)$/m.exec(text)?.[1];
    expect(Number(told)).toBeCloseTo(found?.ratio ?? Number.NaN, 9);
    await sidecar.applyPlan({ ...plan, revision: "policy-only", batching: { ...plan.batching, maximumRows: 1 } });
    expect(sidecar.report().drift?.commissioning).toEqual(found);
    await sidecar.applyPlan({ ...plan, revision: "new-engines", layout: { ...plan.layout, spinning: true } });
    expect(sidecar.report()).toMatchObject({ planRevision: "new-engines", drift: { commissioning: null } });
  } finally {
    await sidecar.close();
  }
});
