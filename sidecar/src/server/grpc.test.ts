import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from "node:http2";
import { connect as connectSocket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { type ServiceError, status } from "@grpc/grpc-js";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { messageType } from "../protocol/grpc/schema.ts";
import { inferRequest } from "../protocol/grpc/testing/infer-messages.ts";
import { dispatchSettings } from "./running-model.ts";
import { GrpcEcho, type GrpcEchoOptions, goodRequest } from "./testing/grpc-echo.ts";

let server: GrpcEcho;
const restart = async (options: GrpcEchoOptions): Promise<void> => {
  await server.close();
  server = await GrpcEcho.start(options);
};
beforeEach(async () => {
  server = await GrpcEcho.start();
});
afterEach(() => server.close());

const failure = (call: Promise<unknown>): Promise<ServiceError> =>
  call.then(
    () => Promise.reject(new Error("the call succeeded")),
    (error: ServiceError) => error,
  );
const codeOf = async (call: Promise<unknown>): Promise<string> => status[(await failure(call)).code]!;

/** How often each outcome was counted so far; late or not is a matter of the machine. */
async function outcomes(): Promise<Record<string, number>> {
  const lines = (await server.echo.metrics.text()).matchAll(/^sweetspot_requests_total\{outcome="(\w+)"\} (\d+)/gm);
  const counts: Record<string, number> = {};
  for (const [, word = "", count] of lines) {
    const outcome = word === "Good" || word === "Late" ? "Answered" : word;
    counts[outcome] = (counts[outcome] ?? 0) + Number(count);
  }
  return counts;
}
const soonEnough = { timeout: 10_000 };
const counted = (expected: Record<string, number>) =>
  vi.waitFor(async () => expect(await outcomes()).toEqual(expected), soonEnough);
const queued = (rows: number) =>
  vi.waitFor(() => expect(server.echo.model.dispatcher.load().queuedRows).toBe(rows), soonEnough);
const inEngine = () => vi.waitFor(() => expect(server.echo.pool.batches).toHaveLength(1), soonEnough);

const zeros = (rows: number, width: number) => ({
  model_name: "echo",
  inputs: [{ name: "x", datatype: "FP32", shape: [rows, width] }],
  raw_input_contents: [Buffer.alloc(rows * width * 4)],
});

describe("the calls of the Open Inference Protocol over gRPC", () => {
  it("say that the server lives, and whether it and its model are ready", async () => {
    expect(await server.client.ask("ServerLive")).toEqual({ live: true });
    expect(await server.client.ask("ServerReady")).toEqual({ ready: true });
    expect(await server.client.ask("ModelReady", { name: "echo" })).toEqual({ ready: true });
    expect(await server.client.ask("ModelReady", { name: "echo", version: "1" })).toEqual({ ready: true });
    server.echo.current = null;
    expect(await server.client.ask("ServerLive")).toEqual({ live: true });
    expect(await server.client.ask("ServerReady")).toEqual({ ready: false });
    expect(await server.client.ask("ModelReady", { name: "echo" })).toEqual({ ready: false });
  });

  it("say of a model or version that is not there that it is not ready, as Triton does", async () => {
    expect(await server.client.ask("ModelReady", { name: "other" })).toEqual({ ready: false });
    expect(await server.client.ask("ModelReady", { name: "echo", version: "2" })).toEqual({ ready: false });
  });

  it("describe the server and the model", async () => {
    expect(await server.client.ask("ServerMetadata")).toEqual({
      name: "sweetspot",
      version: "0.0.0",
      extensions: ["model_configuration", "statistics"],
    });
    const tensors = [{ name: "x", datatype: "FP32", shape: [-1, 2] }];
    expect(await server.client.ask("ModelMetadata", { name: "echo" })).toEqual({
      name: "echo",
      versions: ["1"],
      platform: "onnxruntime_onnx",
      inputs: tensors,
      outputs: tensors,
    });
    expect(await codeOf(server.client.ask("ModelMetadata", { name: "other" }))).toBe("NOT_FOUND");
  });

  it("tell configuration and statistics, as Triton's extensions have them", async () => {
    await server.client.infer(goodRequest);
    expect(await server.client.ask("ModelConfig", { name: "echo" })).toMatchObject({
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
    const asked = (name: string) => server.client.ask("ModelStatistics", { name });
    await vi.waitFor(async () => expect(await asked("echo")).toMatchObject(statistics), soonEnough);
    // An empty name asks for all models.
    expect(await asked("")).toMatchObject(statistics);
    expect(await codeOf(asked("other"))).toBe("NOT_FOUND");
    expect(await codeOf(server.client.ask("ModelConfig", { name: "echo", version: "2" }))).toBe("NOT_FOUND");
    server.echo.current = null;
    expect(await codeOf(server.client.ask("ModelConfig", { name: "echo" }))).toBe("UNAVAILABLE");
  });

  it("answer typed and raw contents alike, always raw, with the id of the request", async () => {
    const raw = Buffer.from(Float32Array.of(1, 2).buffer);
    const bare = { name: "x", datatype: "FP32", shape: [1, 2] };
    const requests = [goodRequest, { ...goodRequest, inputs: [bare], raw_input_contents: [raw] }];
    for (const fields of requests) {
      const answer = await server.client.infer({ ...fields, id: "7", model_version: "1" });
      expect(answer).toMatchObject({ model_name: "echo", model_version: "1", id: "7" });
      expect(answer.outputs).toEqual([expect.objectContaining({ ...bare, contents: null })]);
      expect(answer.raw_output_contents.map((bytes) => Buffer.from(bytes))).toEqual([raw]);
    }
    await counted({ Answered: 2 });
  });

  it("carry messages beyond gRPC's own limit of 4 MiB both ways, up to the server's", async () => {
    const input = { datatype: "FP32", shape: [-1, -1] } as const;
    await restart({ maximumMessageBytes: 12 * 1024 * 1024, input });
    const floats = 2_500_000;
    const { raw_output_contents } = await server.client.infer(zeros(1, floats));
    expect(raw_output_contents[0]).toHaveLength(floats * 4);
    expect(await codeOf(server.client.infer(zeros(1, 4_000_000)))).toBe("RESOURCE_EXHAUSTED");
    await counted({ Answered: 1, Excluded: 1 });
  });

  it("serve many calls at once over one connection", async () => {
    const { model } = server.echo;
    const { dispatcher, plan } = model;
    const admission = { ...plan.admission, maximumQueuedRows: 1000 };
    dispatcher.update(dispatchSettings({ ...model, plan: { ...plan, admission } }));
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, i) => server.client.infer({ ...goodRequest, id: `${i}` })),
    );
    expect(answers.map(({ id }) => id)).toEqual(Array.from({ length: 200 }, (_, i) => `${i}`));
  });
});

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
    const error = await failure(server.client.infer(fields));
    expect(status[error.code]).toBe(code);
    expect(error.details).toMatch(/^(?!.*(node_modules|\.ts\b|\\))[A-Z'].*\.$/);
    await counted({ Excluded: 1 });
  });

  it("for bytes that are no message is INVALID_ARGUMENT, and the connection lives on", async () => {
    const path = "/inference.GRPCInferenceService/ModelInfer";
    expect(await codeOf(server.client.send(path, Buffer.from([0xff, 0xff])))).toBe("INVALID_ARGUMENT");
    expect(await codeOf(server.client.send(path.replace("ModelInfer", "ModelReady"), Buffer.from([0x0a, 9])))).toBe(
      "INVALID_ARGUMENT",
    );
    expect((await server.client.infer(goodRequest)).outputs).toHaveLength(1);
  });

  it("for a call that does not exist is UNIMPLEMENTED", async () => {
    expect(await codeOf(server.client.send("/inference.GRPCInferenceService/RepositoryIndex", Buffer.alloc(0)))).toBe(
      "UNIMPLEMENTED",
    );
  });

  it("for a fault of the engine is INTERNAL, and tells nothing of it", async () => {
    server.echo.run = { microseconds: 0, failure: "Crashed" };
    const error = await failure(server.client.infer(goodRequest));
    expect(status[error.code]).toBe("INTERNAL");
    expect(error.details).not.toContain("/a/path");
    await counted({ Failed: 1 });
  });

  it("before the first plan is UNAVAILABLE, with the time to come again", async () => {
    server.echo.current = null;
    const error = await failure(server.client.infer(goodRequest));
    expect(status[error.code]).toBe("UNAVAILABLE");
    expect(error.metadata.get("retry-after")).toEqual(["2"]);
    await counted({ Refused: 1 });
  });

  it("for a full queue is RESOURCE_EXHAUSTED with google.rpc.RetryInfo", async () => {
    server.echo.run = { microseconds: 300_000 };
    const accepted = [server.client.infer(goodRequest)];
    await inEngine();
    accepted.push(server.client.infer(goodRequest), server.client.infer(goodRequest));
    await queued(2);
    const error = await failure(server.client.infer(goodRequest));
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
    await counted({ Answered: 3, Refused: 1 });
  });
});

describe("the deadline of a call", () => {
  const soon = (milliseconds: number) => ({ deadline: Date.now() + milliseconds });

  it("is that of the request: what waits past it never reaches the engine", async () => {
    server.echo.run = { microseconds: 1_500_000 };
    const first = server.client.infer(goodRequest);
    await inEngine();
    expect(await codeOf(server.client.infer(goodRequest, soon(400)))).toBe("DEADLINE_EXCEEDED");
    await queued(0);
    await first;
    await sleep(20);
    expect(server.echo.pool.batches).toHaveLength(1);
    await counted({ Answered: 1, Expired: 1 });
  });

  it("goes with the parameter 'timeout': the shorter one counts", async () => {
    server.echo.run = { microseconds: 1_500_000 };
    const first = server.client.infer(goodRequest);
    await inEngine();
    const limited = { ...goodRequest, parameters: { timeout: { int64_param: 200_000 } } };
    const error = await failure(server.client.infer(limited, soon(10_000)));
    expect(status[error.code]).toBe("DEADLINE_EXCEEDED");
    expect(error.details).toContain("while it waited");
    await first;
    await counted({ Answered: 1, Expired: 1 });
  });

  it("keeps a patient request in the queue for longer than the plan alone would", async () => {
    // Ten times the target, 10 s, is what a request without a limit gets; the deadline is what is asked of the queue.
    const submitted = vi.spyOn(server.echo.model.dispatcher, "submit");
    await server.client.infer(goodRequest, soon(60_000));
    const [{ deadline, onTimeUntil, arrival }] = submitted.mock.calls[0]!;
    expect((deadline - arrival) / 1e6).toBeGreaterThan(55);
    expect((onTimeUntil - arrival) / 1e6).toBeCloseTo(1, 6);
  });
});

describe("a client that leaves", () => {
  it("takes its request with it, and is nobody's miss", async () => {
    server.echo.run = { microseconds: 200_000 };
    const first = server.client.infer(goodRequest);
    await inEngine();
    const second = server.client.begin(goodRequest);
    await queued(1);
    second.cancel();
    await queued(0);
    expect((await second.ended)?.code).toBe(status.CANCELLED);
    await first;
    expect(server.echo.pool.batches).toHaveLength(1);
    await counted({ Answered: 1, Excluded: 1 });
  });

  it("in the middle of its message is not counted as a miss either", async () => {
    const call = new RawCall(server.port);
    call.stream.write(Buffer.from([0, 0, 0, 0, 9, 1]));
    await sleep(20);
    call.stream.close(constants.NGHTTP2_CANCEL);
    await counted({ Excluded: 1 });
    call.close();
  });

  it("without saying so is refused when its message does not come", async () => {
    await restart({ messagePatience: 50 });
    const call = new RawCall(server.port);
    call.stream.write(Buffer.from([0, 0, 0, 0, 9, 1]));
    expect(await call.trailers).toMatchObject({ "grpc-status": String(status.DEADLINE_EXCEEDED) });
    await counted({ Excluded: 1 });
    call.close();
  });
});

describe("a call that is no gRPC of one message", () => {
  const good = Buffer.from([0, 0, 0, 0, 0]);
  const cases: [string, string, Buffer][] = [
    ["two messages", "INVALID_ARGUMENT", Buffer.concat([good, good])],
    ["no message", "INVALID_ARGUMENT", Buffer.alloc(0)],
    ["an announced size beyond the limit", "RESOURCE_EXHAUSTED", Buffer.from([0, 0xff, 0xff, 0xff, 0xff])],
  ];
  it.each(cases)("with %s is %s", async (_, code, bytes) => {
    const call = new RawCall(server.port);
    call.stream.end(bytes);
    expect(await call.trailers).toMatchObject({ "grpc-status": String(status[code as keyof typeof status]) });
    await counted({ Excluded: 1 });
    call.close();
  });

  it.each([
    ["ModelReady", "inference.GRPCInferenceService"],
    ["ModelConfig", "inference.GRPCInferenceService"],
    ["Check", "grpc.health.v1.Health"],
  ])("with a text that is not UTF-8 is INVALID_ARGUMENT: %s", async (name, service) => {
    expect(await codeOf(server.client.send(`/${service}/${name}`, Buffer.from([0x0a, 1, 0xff])))).toBe(
      "INVALID_ARGUMENT",
    );
    expect(server.echo.log.error).not.toHaveBeenCalled();
  });

  it("whose compressed message inflates beyond the limit is RESOURCE_EXHAUSTED", async () => {
    const bomb = gzipSync(Buffer.alloc(1_000_000));
    const call = new RawCall(server.port, { "grpc-encoding": "gzip" });
    const head = Buffer.from([1, 0, 0, 0, 0]);
    head.writeUInt32BE(bomb.length, 1);
    call.stream.end(Buffer.concat([head, bomb]));
    expect(await call.trailers).toMatchObject({ "grpc-status": String(status.RESOURCE_EXHAUSTED) });
    call.close();
  });

  it("leaves the server whole, whatever bytes come", async () => {
    const message = inferRequest(goodRequest);
    const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);
    const session = connect(`http://127.0.0.1:${server.port}`);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }), async (changes) => {
        const bytes = Buffer.from(frame);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        const trailers = await trailersOf(session.request(headersOf()), bytes);
        expect(["0", "3", "5", "8", "12", "13"]).toContain(trailers["grpc-status"]);
        expect(trailers["grpc-message"] ?? "").not.toMatch(/node_modules|\.ts\b/);
      }),
      { numRuns: 200 },
    );
    session.close();
    expect((await server.client.infer(goodRequest)).outputs).toHaveLength(1);
    expect(server.echo.log.error).not.toHaveBeenCalled();
  });
});

describe("a connection that is no HTTP/2", () => {
  it.each([
    ["HTTP/1.1", "GET /v2/health/live HTTP/1.1\r\nhost: x\r\n\r\n"],
    ["noise", "\u0000\u0001\u0002".repeat(1000)],
    ["a preface and noise", `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${"\u00ff".repeat(1000)}`],
  ])("is closed: %s", async (_, text) => {
    const socket = connectSocket(server.port, "127.0.0.1");
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("error", () => undefined).resume();
    socket.write(text, "latin1");
    await closed;
    expect(await server.client.ask("ServerLive")).toEqual({ live: true });
  });
});

describe("health over gRPC", () => {
  it("tells who asks, for the server and each of its services", async () => {
    for (const service of ["", "inference.GRPCInferenceService", "grpc.health.v1.Health"]) {
      expect(await server.client.ask("Check", { service })).toEqual({ status: "SERVING" });
    }
    expect(await codeOf(server.client.ask("Check", { service: "other" }))).toBe("NOT_FOUND");
    server.echo.current = null;
    expect(await server.client.ask("Check")).toEqual({ status: "NOT_SERVING" });
  });

  it("tells those who watch when it changes, once each time", async () => {
    const watch = server.client.watch("");
    await vi.waitFor(() => expect(watch.statuses).toEqual(["SERVING"]), soonEnough);
    server.echo.current = null;
    await vi.waitFor(() => expect(watch.statuses).toEqual(["SERVING", "NOT_SERVING"]), soonEnough);
    server.echo.current = server.echo.model;
    await vi.waitFor(() => expect(watch.statuses).toEqual(["SERVING", "NOT_SERVING", "SERVING"]), soonEnough);
    watch.cancel();
    expect(status[(await watch.ended).code]).toBe("CANCELLED");
  });

  it("tells those who watch an unknown service just that, and does not end", async () => {
    const watch = server.client.watch("other");
    await vi.waitFor(() => expect(watch.statuses).toEqual(["SERVICE_UNKNOWN"]), soonEnough);
    watch.cancel();
    expect(status[(await watch.ended).code]).toBe("CANCELLED");
  });
});

describe("closing", () => {
  it("finishes the calls under way, ends watches and refuses what comes after", async () => {
    server.echo.run = { microseconds: 500_000 };
    const watch = server.client.watch("");
    await vi.waitFor(() => expect(watch.statuses).toEqual(["SERVING"]), soonEnough);
    const calls = [server.client.infer(goodRequest), server.client.infer(goodRequest)];
    await queued(1);
    server.echo.current = null;
    server.front.readinessChanged();
    await server.front.close();
    expect((await Promise.all(calls)).map(({ outputs }) => outputs.length)).toEqual([1, 1]);
    expect(status[(await watch.ended).code]).toBe("UNAVAILABLE");
    expect(watch.statuses).toEqual(["SERVING", "NOT_SERVING"]);
    expect(await codeOf(server.client.infer(goodRequest))).toBe("UNAVAILABLE");
    await counted({ Answered: 2 });
  });

  it("cuts off in the end whoever does not leave", async () => {
    const idle = new RawCall(server.port);
    await sleep(20);
    const closed = server.front.close();
    server.front.endNow();
    await closed;
    idle.close();
  });
});

describe("a port that is taken", () => {
  it("is the system's own error", async () => {
    const { port } = server;
    await expect(GrpcEcho.start({ port })).rejects.toMatchObject({ code: "EADDRINUSE", syscall: "listen", port });
  });
});

const headersOf = (path = "/inference.GRPCInferenceService/ModelInfer") => ({
  ":method": "POST",
  ":path": path,
  "content-type": "application/grpc",
  te: "trailers",
});

/** The end of a call; an error without an answer has it in its headers. */
function trailersOf(stream: ClientHttp2Stream, bytes?: Buffer): Promise<IncomingHttpHeaders> {
  return new Promise((resolve, reject) => {
    const ended = (headers: IncomingHttpHeaders) => {
      if (headers["grpc-status"] !== undefined) resolve(headers);
    };
    stream.on("response", ended).on("trailers", ended).on("error", reject).resume();
    if (bytes !== undefined) stream.end(bytes);
  });
}

/** An inference whose frames are written by hand. */
class RawCall {
  readonly stream: ClientHttp2Stream;
  readonly trailers: Promise<IncomingHttpHeaders>;
  readonly #session: ClientHttp2Session;

  constructor(port: number, headers: Record<string, string> = {}) {
    this.#session = connect(`http://127.0.0.1:${port}`);
    this.#session.on("error", () => undefined);
    this.stream = this.#session.request({ ...headersOf(), ...headers });
    this.trailers = trailersOf(this.stream);
    this.trailers.catch(() => undefined);
  }

  close(): void {
    this.#session.destroy();
  }
}
