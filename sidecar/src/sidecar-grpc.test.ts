import { setTimeout as sleep } from "node:timers/promises";
import { type ServiceError, status } from "@grpc/grpc-js";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { embeddingModel, writeOnnx } from "../../test/src/builders/onnx-model.ts";
import { safePlan } from "./plan/safe-plan.ts";
import { GrpcClient } from "./server/testing/grpc-client.ts";
import { type Sidecar, startSidecar } from "./sidecar.ts";

const host = "127.0.0.1";
const target = { percentile: "P99", latencyMilliseconds: 5000 } as const;
let sidecar: Sidecar;
let client: GrpcClient;

beforeEach(async () => {
  const plan = await safePlan(await writeOnnx(embeddingModel()), "encoder", target, 1);
  const log = pino({ level: "silent" });
  sidecar = await startSidecar({ plan, host, httpPort: 0, grpcPort: 0, metricsPort: 0, log });
  client = new GrpcClient(sidecar.grpcPort ?? 0);
});
afterEach(async () => {
  client.close();
  await sidecar.close();
});

const ids = { name: "ids", datatype: "INT64", shape: [1, 3] };
const mask = { name: "mask", datatype: "INT64", shape: [1, 3] };

describe("a server with a gRPC port", () => {
  it("gives the answers that it gives over HTTP, and counts them alike", async () => {
    const values = [
      { ...ids, data: [3, 1, 2] },
      { ...mask, data: [1, 1, 0] },
    ];
    const body = JSON.stringify({ inputs: values, outputs: [{ name: "embedding" }] });
    const path = `http://${host}:${sidecar.httpPort}/v2/models/encoder/infer`;
    const answer = (await (await fetch(path, { method: "POST", body })).json()) as { outputs: { data: number[] }[] };
    const inputs = values.map(({ data, ...rest }) => ({ ...rest, contents: { int64_contents: data } }));
    const { outputs, raw_output_contents } = await client.infer({
      model_name: "encoder",
      inputs,
      outputs: [{ name: "embedding" }],
    });
    expect(outputs).toEqual([expect.objectContaining({ name: "embedding", datatype: "FP32", shape: [1, 4] })]);
    const floats = Array.from(new Float32Array(new Uint8Array(raw_output_contents[0]!).buffer));
    for (const [index, value] of answer.outputs[0]!.data.entries()) expect(floats[index]).toBeCloseTo(value, 5);
    await vi.waitFor(() => expect(sidecar.report().counts.total).toBe(2));
  });

  it("loses no call that it accepted when it closes, with health off first", async () => {
    const watch = client.watch("");
    const inputs = [ids, mask].map((input) => ({ ...input, contents: { int64_contents: [1, 1, 1] } }));
    const failures: ServiceError[] = [];
    let answered = 0;
    const lane = async () => {
      for (;;) {
        try {
          await client.infer({ model_name: "encoder", inputs });
          answered += 1;
        } catch (error) {
          failures.push(error as ServiceError);
          return;
        }
      }
    };
    const load = Promise.all(Array.from({ length: 8 }, lane));
    await sleep(200);
    const closed = sidecar.close({ delayMilliseconds: 300 });
    await vi.waitFor(() => expect(watch.statuses).toEqual(["SERVING", "NOT_SERVING"]), { timeout: 5000 });
    const before = answered;
    await vi.waitFor(() => expect(answered).toBeGreaterThan(before), { timeout: 5000 });
    await closed;
    await load;
    // Each lane ends with the connection that it could not make; nothing that was sent was lost.
    expect(failures.map(({ code }) => code)).toEqual(Array(8).fill(status.UNAVAILABLE));
    for (const { details } of failures) expect(details).toMatch(/No connection established|ECONNREFUSED/);
    expect(sidecar.report().counts).toMatchObject({ total: answered, failed: 0, refused: 0, expired: 0 });
  });
});
