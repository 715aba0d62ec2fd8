import { setTimeout as sleep } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { describe, expect, it, vi } from "vitest";
import { dispatchSettings } from "./running-model.ts";
import { GrpcEcho, goodRequest } from "./testing/grpc-echo.ts";
import { codeOf, GrpcEchoes, soonEnough, zeros } from "./testing/grpc-echoes.ts";
import { RawCall } from "./testing/raw-grpc-call.ts";

const echoes = new GrpcEchoes();

describe("the calls of the Open Inference Protocol over gRPC", () => {
  it("say that the server lives, and whether it and its model are ready", async () => {
    expect(await echoes.server.client.ask("ServerLive")).toEqual({ live: true });
    expect(await echoes.server.client.ask("ServerReady")).toEqual({ ready: true });
    expect(await echoes.server.client.ask("ModelReady", { name: "echo" })).toEqual({ ready: true });
    expect(await echoes.server.client.ask("ModelReady", { name: "echo", version: "1" })).toEqual({ ready: true });
    echoes.server.echo.current = null;
    expect(await echoes.server.client.ask("ServerLive")).toEqual({ live: true });
    expect(await echoes.server.client.ask("ServerReady")).toEqual({ ready: false });
    expect(await echoes.server.client.ask("ModelReady", { name: "echo" })).toEqual({ ready: false });
  });

  it("say of a model or version that is not there that it is not ready, as Triton does", async () => {
    expect(await echoes.server.client.ask("ModelReady", { name: "other" })).toEqual({ ready: false });
    expect(await echoes.server.client.ask("ModelReady", { name: "echo", version: "2" })).toEqual({ ready: false });
  });

  it("describe the server and the model", async () => {
    expect(await echoes.server.client.ask("ServerMetadata")).toEqual({
      name: "sweetspot",
      version: "0.0.0",
      extensions: ["model_configuration", "statistics"],
    });
    const tensors = [{ name: "x", datatype: "FP32", shape: [-1, 2] }];
    expect(await echoes.server.client.ask("ModelMetadata", { name: "echo" })).toEqual({
      name: "echo",
      versions: ["1"],
      platform: "onnxruntime_onnx",
      inputs: tensors,
      outputs: tensors,
    });
    expect(await codeOf(echoes.server.client.ask("ModelMetadata", { name: "other" }))).toBe("NOT_FOUND");
  });

  it("tell configuration and statistics, as Triton's extensions have them", async () => {
    await echoes.server.client.infer(goodRequest);
    expect(await echoes.server.client.ask("ModelConfig", { name: "echo" })).toMatchObject({
      config: {
        name: "echo",
        backend: "onnxruntime",
        input: [{ name: "x", data_type: "TYPE_FP32", dims: [2] }],
        instance_group: [{ kind: "KIND_CPU" }],
        version_policy: { latest: { num_versions: 1 } },
      },
    });
    const success = { count: 1, ns: expect.any(Number) };
    const statistics = { model_stats: [{ name: "echo", version: "1", inference_stats: { success } }] };
    const asked = (name: string) => echoes.server.client.ask("ModelStatistics", { name });
    await vi.waitFor(async () => expect(await asked("echo")).toMatchObject(statistics), soonEnough);
    // An empty name asks for all models.
    expect(await asked("")).toMatchObject(statistics);
    expect(await codeOf(asked("other"))).toBe("NOT_FOUND");
    expect(await codeOf(echoes.server.client.ask("ModelConfig", { name: "echo", version: "2" }))).toBe("NOT_FOUND");
    echoes.server.echo.current = null;
    expect(await codeOf(echoes.server.client.ask("ModelConfig", { name: "echo" }))).toBe("UNAVAILABLE");
  });

  it("answer typed and raw contents alike, always raw, with the id of the request", async () => {
    const raw = Buffer.from(Float32Array.of(1, 2).buffer);
    const bare = { name: "x", datatype: "FP32", shape: [1, 2] };
    const requests = [goodRequest, { ...goodRequest, inputs: [bare], raw_input_contents: [raw] }];
    for (const fields of requests) {
      const answer = await echoes.server.client.infer({ ...fields, id: "7", model_version: "1" });
      expect(answer).toMatchObject({ model_name: "echo", model_version: "1", id: "7" });
      expect(answer.outputs).toEqual([expect.objectContaining({ ...bare, contents: null })]);
      expect(answer.raw_output_contents.map((bytes) => Buffer.from(bytes))).toEqual([raw]);
    }
    await echoes.counted({ Answered: 2 });
  });

  it("carry messages beyond gRPC's own limit of 4 MiB both ways, up to the server's", async () => {
    const input = { datatype: "FP32", shape: [-1, -1] } as const;
    await echoes.restart({ maximumMessageBytes: 12 * 1024 * 1024, input });
    const floats = 2_500_000;
    const { raw_output_contents } = await echoes.server.client.infer(zeros(1, floats));
    expect(raw_output_contents[0]).toHaveLength(floats * 4);
    expect(await codeOf(echoes.server.client.infer(zeros(1, 4_000_000)))).toBe("RESOURCE_EXHAUSTED");
    await echoes.counted({ Answered: 1, Excluded: 1 });
  });

  it("serve many calls at once over one connection", async () => {
    const { model } = echoes.server.echo;
    const { dispatcher, plan } = model;
    const admission = { ...plan.admission, maximumQueuedRows: 1000 };
    dispatcher.update(dispatchSettings({ ...model, plan: { ...plan, admission } }));
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, i) => echoes.server.client.infer({ ...goodRequest, id: `${i}` })),
    );
    expect(answers.map(({ id }) => id)).toEqual(Array.from({ length: 200 }, (_, i) => `${i}`));
  });
});

describe("health over gRPC", () => {
  it("tells who asks, for the server and each of its services", async () => {
    for (const service of ["", "inference.GRPCInferenceService", "grpc.health.v1.Health"]) {
      expect(await echoes.server.client.ask("Check", { service })).toEqual({ status: "SERVING" });
    }
    expect(await codeOf(echoes.server.client.ask("Check", { service: "other" }))).toBe("NOT_FOUND");
    echoes.server.echo.current = null;
    expect(await echoes.server.client.ask("Check")).toEqual({ status: "NOT_SERVING" });
  });

  it("tells those who watch when it changes, once each time", async () => {
    const watch = echoes.server.client.watch("");
    await vi.waitFor(() => expect(watch.statuses).toEqual(["SERVING"]), soonEnough);
    echoes.server.echo.current = null;
    await vi.waitFor(() => expect(watch.statuses).toEqual(["SERVING", "NOT_SERVING"]), soonEnough);
    echoes.server.echo.current = echoes.server.echo.model;
    await vi.waitFor(() => expect(watch.statuses).toEqual(["SERVING", "NOT_SERVING", "SERVING"]), soonEnough);
    watch.cancel();
    expect(status[(await watch.ended).code]).toBe("CANCELLED");
  });

  it("tells those who watch an unknown service just that, and does not end", async () => {
    const watch = echoes.server.client.watch("other");
    await vi.waitFor(() => expect(watch.statuses).toEqual(["SERVICE_UNKNOWN"]), soonEnough);
    watch.cancel();
    expect(status[(await watch.ended).code]).toBe("CANCELLED");
  });
});

describe("closing", () => {
  it("finishes the calls under way, ends watches and refuses what comes after", async () => {
    echoes.server.echo.run = { microseconds: 500_000 };
    const watch = echoes.server.client.watch("");
    await vi.waitFor(() => expect(watch.statuses).toEqual(["SERVING"]), soonEnough);
    const calls = [echoes.server.client.infer(goodRequest), echoes.server.client.infer(goodRequest)];
    await echoes.queued(1);
    echoes.server.echo.current = null;
    echoes.server.front.readinessChanged();
    await echoes.server.front.close();
    expect((await Promise.all(calls)).map(({ outputs }) => outputs.length)).toEqual([1, 1]);
    expect(status[(await watch.ended).code]).toBe("UNAVAILABLE");
    expect(watch.statuses).toEqual(["SERVING", "NOT_SERVING"]);
    expect(await codeOf(echoes.server.client.infer(goodRequest))).toBe("UNAVAILABLE");
    await echoes.counted({ Answered: 2 });
  });

  it("cuts off in the end whoever does not leave", async () => {
    const idle = new RawCall(echoes.server.port);
    await sleep(20);
    const closed = echoes.server.front.close();
    echoes.server.front.endNow();
    await closed;
    idle.close();
  });
});

describe("a port that is taken", () => {
  it("is the system's own error", async () => {
    const { port } = echoes.server;
    await expect(GrpcEcho.start({ port })).rejects.toMatchObject({ code: "EADDRINUSE", syscall: "listen", port });
  });
});
