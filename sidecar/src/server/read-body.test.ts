import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BodyReader } from "./read-body.ts";

const kibibyte = 1024;
let server: Server;
let bodies: BodyReader;
let last: Uint8Array;
const sockets: Socket[] = [];

beforeEach(async () => {
  bodies = new BodyReader(1000 * kibibyte, 1500 * kibibyte);
  server = createServer((request, response) => {
    bodies.read(request, null, (error, body) => {
      last = body;
      response.end(error?.code ?? String(body.length));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** Announces a body of `length` bytes and sends some of it. */
function send(length: number, bytes: number): { socket: Socket; answer: () => string } {
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  sockets.push(socket);
  let answer = "";
  socket.setEncoding("utf8").on("data", (text: string) => {
    answer += text;
  });
  socket.write(`POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\n\r\n`);
  socket.write(Buffer.alloc(bytes));
  return { socket, answer: () => answer.slice(answer.indexOf("\r\n\r\n") + 4) };
}

const held = (bytes: number) => vi.waitFor(() => expect(bodies.unfinishedBytes).toBe(bytes));

describe("a body that came in pieces", () => {
  it.each([0, 1, 7, 8, 77])(
    "is whole, with its binary part at an aligned address: JSON of %i bytes",
    async (offset) => {
      const sent = Buffer.from(Array.from({ length: 300 * kibibyte }, (_, i) => (i * 31) % 251));
      const { port } = server.address() as AddressInfo;
      const headers = { "inference-header-content-length": String(offset) };
      await fetch(`http://127.0.0.1:${port}`, { method: "POST", body: sent, headers });
      expect(sent.equals(last)).toBe(true);
      expect((last.byteOffset + offset) % 8).toBe(0);
    },
  );
});

describe("bodies that are still coming in", () => {
  it("are held in memory until they are whole, and not after that", async () => {
    const { socket, answer } = send(900 * kibibyte, 800 * kibibyte);
    await held(800 * kibibyte);
    socket.write(Buffer.alloc(100 * kibibyte));
    await vi.waitFor(() => expect(answer()).toContain(String(900 * kibibyte)));
    expect(bodies.unfinishedBytes).toBe(0);
  });

  it("are refused where they would take too much together, and taken again when others have left", async () => {
    const first = send(1000 * kibibyte, 800 * kibibyte);
    await held(800 * kibibyte);
    const second = send(1000 * kibibyte, 1000 * kibibyte);
    await vi.waitFor(() => expect(second.answer()).toContain("QueueFull"));
    await held(800 * kibibyte);
    first.socket.destroy();
    await held(0);
    const third = send(1000 * kibibyte, 1000 * kibibyte);
    await vi.waitFor(() => expect(third.answer()).toContain(String(1000 * kibibyte)));
  });

  it("are refused when they are announced too long, before they come", async () => {
    const { answer } = send(1001 * kibibyte, 0);
    await vi.waitFor(() => expect(answer()).toContain("BodyTooLarge"));
    expect(bodies.unfinishedBytes).toBe(0);
  });
});
