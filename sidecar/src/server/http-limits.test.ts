import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { EchoServer } from "./testing/echo-server.ts";

let server: EchoServer;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.close();
});

const path = "/v2/models/echo/infer";
const patience = 20_000;

/** A connection, and all that came back when the server has closed it. */
function open(): { socket: Socket; closed: Promise<string> } {
  const socket = connect(server.port, "127.0.0.1");
  sockets.push(socket);
  let answer = "";
  socket.setEncoding("latin1").on("data", (text: string) => {
    answer += text;
  });
  const closed = new Promise<string>((resolve) => socket.once("close", () => resolve(answer)));
  socket.on("error", () => undefined);
  return { socket, closed };
}

const connections = () =>
  new Promise<number>((resolve, reject) =>
    server.app.server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  );

/** Sends a byte now and then, for as long as it may. */
async function drip(socket: Socket, text: string): Promise<void> {
  for (const character of text) {
    if (socket.destroyed) return;
    socket.write(character);
    await sleep(20);
  }
}

describe("a slow client", () => {
  it.each([
    ["sends nothing", ""],
    ["does not come to the end of its headers", `POST ${path} HTTP/1.1\r\nhost: x\r\nx-${"a".repeat(3000)}`],
  ])(
    "is cut when it %s in time",
    async (_, text) => {
      server = await EchoServer.start({ limits: { headersMilliseconds: 150 } });
      const { socket, closed } = open();
      void drip(socket, text);
      expect(await closed).toMatch(/^HTTP\/1\.1 408 [\s\S]*\{"error":"The request did not arrive in time[^"]*"\}$/);
    },
    patience,
  );

  it(
    "is cut when its body does not come in time, and the others are answered meanwhile",
    async () => {
      server = await EchoServer.start({ limits: { headersMilliseconds: 150, requestMilliseconds: 300 } });
      const slow = Array.from({ length: 50 }, open);
      for (const { socket } of slow) {
        socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 3000\r\n\r\n`);
        void drip(socket, "x".repeat(3000));
      }
      const body = JSON.stringify({ inputs: [{ name: "x", datatype: "FP32", shape: [1, 2], data: [1, 2] }] });
      for (let i = 0; i < 5; i += 1) {
        expect((await fetch(server.url + path, { method: "POST", body })).status).toBe(200);
        await sleep(20);
      }
      for (const answer of await Promise.all(slow.map(({ closed }) => closed))) {
        expect(answer).toMatch(/^HTTP\/1\.1 408 /);
      }
    },
    patience,
  );

  it(
    "is cut when it does not take its answer",
    async () => {
      const input = { datatype: "FP32", shape: [-1, -1] } as const;
      const maximumBodyBytes = 32 * 1024 * 1024;
      server = await EchoServer.start({ input, maximumBodyBytes, limits: { answerMilliseconds: 200 } });
      const { socket } = open();
      socket.pause();
      const data = Buffer.alloc(24_000_000);
      const head = `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${data.length}\r\ninference-header-content-length: 0\r\n\r\n`;
      socket.write(head);
      socket.write(data);
      await vi.waitFor(async () => expect(server.pool.batches).toHaveLength(1), { timeout: patience });
      await vi.waitFor(async () => expect(await connections()).toBe(0), { timeout: patience });
    },
    patience,
  );

  it(
    "may be slow in taking it as long as it goes on",
    async () => {
      const input = { datatype: "FP32", shape: [-1, -1] } as const;
      const maximumBodyBytes = 32 * 1024 * 1024;
      server = await EchoServer.start({ input, maximumBodyBytes, limits: { answerMilliseconds: 1000 } });
      const { socket } = open();
      const data = Buffer.alloc(12_000_000);
      let taken = 0;
      socket.on("data", (text: string) => {
        taken += text.length;
        socket.pause();
        setTimeout(() => socket.resume(), 10);
      });
      const head = `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${data.length}\r\ninference-header-content-length: 0\r\n\r\n`;
      socket.write(head);
      socket.write(data);
      await vi.waitFor(() => expect(taken).toBeGreaterThan(data.length), { timeout: patience });
    },
    patience,
  );
});

describe("headers", () => {
  it.each([
    ["too many", Array.from({ length: 101 }, (_, i) => `x-${i}: 1\r\n`).join("")],
    ["too long", `x-long: ${"a".repeat(20_000)}\r\n`],
  ])("that are %s are refused with 431", async (_, headers) => {
    server = await EchoServer.start();
    const answer = await server.raw(`GET /v2 HTTP/1.1\r\nhost: x\r\n${headers}\r\n`, /"error"/);
    expect(answer).toMatch(/^HTTP\/1\.1 431 [\s\S]*\{"error":"The request has too many headers[^"]*"\}$/);
  });
});

describe("connections", () => {
  it("beyond the limit are closed, and there is room again when one ends", async () => {
    server = await EchoServer.start({ limits: { connections: 3 } });
    const held = Array.from({ length: 3 }, open);
    await vi.waitFor(async () => expect(await connections()).toBe(3));
    expect(await open().closed).toBe("");
    held[0]?.socket.destroy();
    await vi.waitFor(async () => expect((await fetch(`${server.url}/v2`)).status).toBe(200));
  });
});
