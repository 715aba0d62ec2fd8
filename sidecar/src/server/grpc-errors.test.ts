import { setTimeout as sleep } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { describe, expect, it, vi } from "vitest";
import { messageType } from "../protocol/grpc/schema.ts";
import { goodRequest } from "./testing/grpc-echo.ts";
import { codeOf, failure, GrpcEchoes, zeros } from "./testing/grpc-echoes.ts";

const echoes = new GrpcEchoes();

describe("an error over gRPC", () => {
  const [input] = goodRequest.inputs;
  const cases: [string, string, object][] = [
    ["another model", "NOT_FOUND", { ...goodRequest, model_name: "other" }],
    ["another version", "NOT_FOUND", { ...goodRequest, model_version: "2" }],
    ["no inputs", "INVALID_ARGUMENT", { ...goodRequest, inputs: [] }],
    ["another shape", "INVALID_ARGUMENT", { ...goodRequest, inputs: [{ ...input, shape: [2, 2] }] }],
    ["too many rows", "INVALID_ARGUMENT", zeros(3, 2)],
  ];
  it.each(cases)("for %s is %s with a sentence of the catalogue", async (_, code, fields) => {
    const error = await failure(echoes.server.client.infer(fields));
    expect(status[error.code]).toBe(code);
    expect(error.details).toMatch(/^(?!.*(node_modules|\.ts\b|\\))[A-Z'].*\.$/);
    await echoes.counted({ Excluded: 1 });
  });

  it("for bytes that are no message is INVALID_ARGUMENT, and the connection lives on", async () => {
    const path = "/inference.GRPCInferenceService/ModelInfer";
    expect(await codeOf(echoes.server.client.send(path, Buffer.from([0xff, 0xff])))).toBe("INVALID_ARGUMENT");
    expect(
      await codeOf(echoes.server.client.send(path.replace("ModelInfer", "ModelReady"), Buffer.from([0x0a, 9]))),
    ).toBe("INVALID_ARGUMENT");
    expect((await echoes.server.client.infer(goodRequest)).outputs).toHaveLength(1);
  });

  it("for a call that does not exist is UNIMPLEMENTED", async () => {
    expect(
      await codeOf(echoes.server.client.send("/inference.GRPCInferenceService/RepositoryIndex", Buffer.alloc(0))),
    ).toBe("UNIMPLEMENTED");
  });

  it("for a fault of the engine is INTERNAL, and tells nothing of it", async () => {
    echoes.server.echo.run = { microseconds: 0, failure: "Crashed" };
    const error = await failure(echoes.server.client.infer(goodRequest));
    expect(status[error.code]).toBe("INTERNAL");
    expect(error.details).not.toContain("/a/path");
    await echoes.counted({ Failed: 1 });
  });

  it("before the first plan is UNAVAILABLE, with the time to come again", async () => {
    echoes.server.echo.current = null;
    const error = await failure(echoes.server.client.infer(goodRequest));
    expect(status[error.code]).toBe("UNAVAILABLE");
    expect(error.metadata.get("retry-after")).toEqual(["2"]);
    await echoes.counted({ Refused: 1 });
  });

  it("for a full queue is RESOURCE_EXHAUSTED with google.rpc.RetryInfo", async () => {
    echoes.server.echo.run = { microseconds: 300_000 };
    const accepted = [echoes.server.client.infer(goodRequest)];
    await echoes.inEngine();
    accepted.push(echoes.server.client.infer(goodRequest), echoes.server.client.infer(goodRequest));
    await echoes.queued(2);
    const error = await failure(echoes.server.client.infer(goodRequest));
    expect(status[error.code]).toBe("RESOURCE_EXHAUSTED");
    const seconds = Number(error.metadata.get("retry-after")[0]);
    expect(seconds).toBeGreaterThanOrEqual(1);
    expect(error.metadata.get("grpc-retry-pushback-ms")).toEqual([String(seconds * 1000)]);
    const rpcStatus = messageType("google.rpc.Status");
    const detail = rpcStatus.toObject(rpcStatus.decode(error.metadata.get("grpc-status-details-bin")[0] as Buffer));
    expect(detail).toMatchObject({ code: status.RESOURCE_EXHAUSTED, message: error.details });
    const [any] = detail["details"] as { type_url: string; value: Buffer }[];
    expect(any!.type_url).toBe("type.googleapis.com/google.rpc.RetryInfo");
    const retryInfo = messageType("google.rpc.RetryInfo");
    expect(retryInfo.toObject(retryInfo.decode(any!.value), { longs: Number })).toMatchObject({
      retry_delay: { seconds },
    });
    await Promise.all(accepted);
    await echoes.counted({ Answered: 3, Refused: 1 });
  });
});

describe("the deadline of a call", () => {
  const soon = (milliseconds: number) => ({ deadline: Date.now() + milliseconds });

  it("is that of the request: what waits past it never reaches the engine", async () => {
    echoes.server.echo.run = { microseconds: 1_500_000 };
    const first = echoes.server.client.infer(goodRequest);
    await echoes.inEngine();
    expect(await codeOf(echoes.server.client.infer(goodRequest, soon(400)))).toBe("DEADLINE_EXCEEDED");
    await echoes.queued(0);
    await first;
    await sleep(20);
    expect(echoes.server.echo.pool.batches).toHaveLength(1);
    await echoes.counted({ Answered: 1, Expired: 1 });
  });

  it("goes with the parameter 'timeout': the shorter one counts", async () => {
    echoes.server.echo.run = { microseconds: 1_500_000 };
    const first = echoes.server.client.infer(goodRequest);
    await echoes.inEngine();
    const limited = { ...goodRequest, parameters: { timeout: { int64_param: 200_000 } } };
    const error = await failure(echoes.server.client.infer(limited, soon(10_000)));
    expect(status[error.code]).toBe("DEADLINE_EXCEEDED");
    expect(error.details).toContain("while it waited");
    await first;
    await echoes.counted({ Answered: 1, Expired: 1 });
  });

  it("keeps a patient request in the queue for longer than the plan alone would", async () => {
    // Ten times the target, 10 s, is what a request without a limit gets; the deadline is what is asked of the queue.
    const submitted = vi.spyOn(echoes.server.echo.model.dispatcher, "submit");
    await echoes.server.client.infer(goodRequest, soon(60_000));
    const [{ deadline, onTimeUntil, arrival }] = submitted.mock.calls[0]!;
    expect((deadline - arrival) / 1e6).toBeGreaterThan(55);
    expect((onTimeUntil - arrival) / 1e6).toBeCloseTo(1, 6);
  });
});
