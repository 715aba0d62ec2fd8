import { connect, constants } from "node:http2";
import { connect as connectSocket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { status } from "@grpc/grpc-js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inferRequest } from "../protocol/grpc/testing/infer-messages.ts";
import { goodRequest } from "./testing/grpc-echo.ts";
import { codeOf, GrpcEchoes } from "./testing/grpc-echoes.ts";
import { headersOf, RawCall, trailersOf } from "./testing/raw-grpc-call.ts";

const echoes = new GrpcEchoes();

describe("a client that leaves", () => {
  it("takes its request with it, and is nobody's miss", async () => {
    echoes.server.echo.run = { microseconds: 200_000 };
    const first = echoes.server.client.infer(goodRequest);
    await echoes.inEngine();
    const second = echoes.server.client.begin(goodRequest);
    await echoes.queued(1);
    second.cancel();
    await echoes.queued(0);
    expect((await second.ended)?.code).toBe(status.CANCELLED);
    await first;
    expect(echoes.server.echo.pool.batches).toHaveLength(1);
    await echoes.counted({ Answered: 1, Excluded: 1 });
  });

  it("in the middle of its message is not counted as a miss either", async () => {
    const call = new RawCall(echoes.server.port);
    call.stream.write(Buffer.from([0, 0, 0, 0, 9, 1]));
    await sleep(20);
    call.stream.close(constants.NGHTTP2_CANCEL);
    await echoes.counted({ Excluded: 1 });
    call.close();
  });

  it("without saying so is refused when its message does not come", async () => {
    await echoes.restart({ messagePatience: 50 });
    const call = new RawCall(echoes.server.port);
    call.stream.write(Buffer.from([0, 0, 0, 0, 9, 1]));
    expect(await call.trailers).toMatchObject({ "grpc-status": String(status.DEADLINE_EXCEEDED) });
    await echoes.counted({ Excluded: 1 });
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
    const call = new RawCall(echoes.server.port);
    call.stream.end(bytes);
    expect(await call.trailers).toMatchObject({ "grpc-status": String(status[code as keyof typeof status]) });
    await echoes.counted({ Excluded: 1 });
    call.close();
  });

  it.each([
    ["ModelReady", "inference.GRPCInferenceService"],
    ["ModelConfig", "inference.GRPCInferenceService"],
    ["Check", "grpc.health.v1.Health"],
  ])("with a text that is not UTF-8 is INVALID_ARGUMENT: %s", async (name, service) => {
    expect(await codeOf(echoes.server.client.send(`/${service}/${name}`, Buffer.from([0x0a, 1, 0xff])))).toBe(
      "INVALID_ARGUMENT",
    );
    expect(echoes.server.echo.log.error).not.toHaveBeenCalled();
  });

  it("whose compressed message inflates beyond the limit is RESOURCE_EXHAUSTED", async () => {
    const bomb = gzipSync(Buffer.alloc(1_000_000));
    const call = new RawCall(echoes.server.port, { "grpc-encoding": "gzip" });
    const head = Buffer.from([1, 0, 0, 0, 0]);
    head.writeUInt32BE(bomb.length, 1);
    call.stream.end(Buffer.concat([head, bomb]));
    expect(await call.trailers).toMatchObject({ "grpc-status": String(status.RESOURCE_EXHAUSTED) });
    call.close();
  });

  it("leaves the server whole, whatever bytes come", async () => {
    const message = inferRequest(goodRequest);
    const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);
    const session = connect(`http://127.0.0.1:${echoes.server.port}`);
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
    expect((await echoes.server.client.infer(goodRequest)).outputs).toHaveLength(1);
    expect(echoes.server.echo.log.error).not.toHaveBeenCalled();
  });
});

describe("a connection that is no HTTP/2", () => {
  it.each([
    ["HTTP/1.1", "GET /v2/health/live HTTP/1.1\r\nhost: x\r\n\r\n"],
    ["noise", "\u0000\u0001\u0002".repeat(1000)],
    ["a preface and noise", `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${"\u00ff".repeat(1000)}`],
  ])("is closed: %s", async (_, text) => {
    const socket = connectSocket(echoes.server.port, "127.0.0.1");
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("error", () => undefined).resume();
    socket.write(text, "latin1");
    await closed;
    expect(await echoes.server.client.ask("ServerLive")).toEqual({ live: true });
  });
});
