import { type AddressInfo, createServer, type Socket } from "node:net";
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from "node:tls";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type InFlight, type Outcome, RequestSender } from "./request-sender.ts";
import { type RawServer, startRawServer } from "./testing/raw-server.ts";
import { tlsIdentity } from "./testing/tls-identity.ts";

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((resource) => resource.close()));
});

async function serve(...options: Parameters<typeof startRawServer>): Promise<RawServer> {
  const server = await startRawServer(...options);
  opened.push(server);
  return server;
}

function senderTo(url: string, connections: number): RequestSender {
  const sender = new RequestSender(url, connections);
  opened.push(sender);
  return sender;
}

const requestOf = (body: string) => ({ headers: {}, body: Buffer.from(body) });
const ok = (socket: Socket) => void socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

interface Sent {
  readonly outcome: Promise<Outcome>;
  readonly exchange: InFlight;
}

function post(sender: RequestSender, body = "x"): Sent {
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  let decisions = 0;
  const exchange = sender.send(requestOf(body), (outcome) => {
    if (++decisions > 1) reject(new Error("decided twice"));
    else setImmediate(resolve, outcome);
  });
  return { outcome: promise, exchange };
}

const outcomesOf = (sent: readonly Sent[]) => Promise.all(sent.map(({ outcome }) => outcome));

describe("RequestSender", () => {
  it("sends one request after the other on one connection", async () => {
    const server = await serve(ok);
    const sender = senderTo(server.url, 8);
    for (const body of ["a", "b", "c"]) expect(await post(sender, body).outcome).toBe(200);
    expect(server.requests.map(({ body }) => body)).toEqual(["a", "b", "c"]);
    expect(server.sockets).toHaveLength(1);
  });

  it("makes as many connections as it needs and may have, and keeps the order of what waits", async () => {
    const server = await serve((socket) => void setTimeout(ok, 20, socket));
    const sender = senderTo(server.url, 3);
    const bodies = Array.from({ length: 12 }, (_, index) => String(index));
    expect(new Set(await outcomesOf(bodies.map((body) => post(sender, body))))).toEqual(new Set([200]));
    expect(server.sockets).toHaveLength(3);
    // Three are under way at once, and arrive in any order among themselves.
    const rounds = [0, 3, 6, 9].map((first) => server.requests.slice(first, first + 3).map(({ body }) => Number(body)));
    expect(rounds.map((round) => round.toSorted((a, b) => a - b))).toEqual([
      [0, 1, 2],
      [3, 4, 5],
      [6, 7, 8],
      [9, 10, 11],
    ]);
  });

  it("never has two requests on a connection", async () => {
    const busy = new Set<Socket>();
    let overlaps = 0;
    const server = await serve((socket) => {
      if (busy.has(socket)) overlaps++;
      busy.add(socket);
      setTimeout(() => {
        busy.delete(socket);
        ok(socket);
      }, 1);
    });
    const sender = senderTo(server.url, 4);
    await outcomesOf(Array.from({ length: 100 }, () => post(sender)));
    expect(overlaps).toBe(0);
  });

  it("sends bodies of any size", async () => {
    const server = await serve(ok);
    const sender = senderTo(server.url, 1);
    const bodies = ["", "x", "y".repeat(65_536), "z".repeat(3_000_000)];
    for (const body of bodies) expect(await post(sender, body).outcome).toBe(200);
    expect(server.requests.map(({ body }) => body === bodies.shift())).toEqual([true, true, true, true]);
    expect(server.sockets).toHaveLength(1);
  });

  it.each([
    ["of HTTP/1.0", "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\n{}"],
    ["that says close", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}"],
    ["with more than was asked for", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}HTTP/1.1"],
  ])("does not use a connection again after an answer %s", async (_name, bytes) => {
    const server = await serve((socket) => void socket.write(bytes));
    const sender = senderTo(server.url, 1);
    expect(await outcomesOf([post(sender), post(sender), post(sender)])).toEqual([200, 200, 200]);
    expect(server.requests.map(({ connection }) => connection)).toEqual([0, 1, 2]);
  });

  it("takes the end of the connection for the end of an answer without a length", async () => {
    const server = await serve((socket) => void socket.end("HTTP/1.1 404 No\r\n\r\n<html>"));
    const sender = senderTo(server.url, 1);
    expect(await outcomesOf([post(sender), post(sender)])).toEqual([404, 404]);
  });

  it.each([
    ["nothing", ""],
    ["part of a head", "HTTP/1.1 200 OK\r\n"],
    ["part of a body", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{"],
  ])("counts a connection that ends after %s as none", async (_name, bytes) => {
    const server = await serve((socket, index) => (index === 0 ? ok(socket) : void socket.end(bytes)));
    const sender = senderTo(server.url, 1);
    expect(await post(sender).outcome).toBe(200);
    expect(await outcomesOf([post(sender), post(sender)])).toEqual(["NoConnection", "NoConnection"]);
    // In the middle of traffic nothing is sent twice.
    expect(server.requests).toHaveLength(3);
  });

  it.each([
    ["no HTTP", "SSH-2.0-OpenSSH\r\n"],
    ["a head without end", `HTTP/1.1 200 OK\r\nx: ${"y".repeat(70_000)}`],
    ["two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}"],
    ["broken chunks", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}0\r\n"],
  ])("hangs up on a server that answers with %s", async (_name, bytes) => {
    const server = await serve((socket) => void socket.write(bytes));
    expect(await post(senderTo(server.url, 1)).outcome).toBe("NoConnection");
    await vi.waitFor(() => expect(server.sockets[0]?.destroyed).toBe(true));
  });

  it("sends a request anew that was sent just as the server closed the idle connection", async () => {
    const server = await serve((socket, index) => {
      if (index === 1) socket.destroy();
      else ok(socket);
    });
    const sender = senderTo(server.url, 1);
    await post(sender, "first").outcome;
    await pause(600);
    expect(await post(sender, "second").outcome).toBe(200);
    expect(server.requests).toEqual([
      { connection: 0, body: "first" },
      { connection: 0, body: "second" },
      { connection: 1, body: "second" },
    ]);
  });

  it("sends a request anew only once, and not at all when an answer had begun", async () => {
    const server = await serve((socket, index) => {
      if (index === 0 || index === 3) ok(socket);
      else socket.end(index === 4 ? "H" : "");
    });
    const sender = senderTo(server.url, 1);
    await post(sender).outcome;
    await pause(600);
    expect(await post(sender).outcome).toBe("NoConnection");
    expect(server.requests).toHaveLength(3);
    await post(sender).outcome;
    await pause(600);
    expect(await post(sender).outcome).toBe("NoConnection");
    expect(server.requests).toHaveLength(5);
  });

  it("makes a new connection when the kept one was closed, or spoke unasked", async () => {
    const server = await serve(ok);
    const sender = senderTo(server.url, 1);
    for (const [index, disturb] of [
      (socket: Socket) => void socket.end(),
      (socket: Socket) => void socket.resetAndDestroy(),
      (socket: Socket) => void socket.write("HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n"),
    ].entries()) {
      expect(await post(sender).outcome).toBe(200);
      disturb(server.sockets[index] ?? expect.fail("no connection"));
      await pause(20);
    }
    expect(await post(sender).outcome).toBe(200);
    expect(server.requests.map(({ connection }) => connection)).toEqual([0, 1, 2, 3]);
  });

  it("gives up at once, closes the connection, and goes on with what waits", async () => {
    const server = await serve((socket, index) => (index === 0 ? undefined : ok(socket)));
    const sender = senderTo(server.url, 1);
    const stuck = post(sender, "stuck");
    const dropped = post(sender, "dropped");
    const next = post(sender, "next");
    await vi.waitFor(() => expect(server.requests).toHaveLength(1));
    dropped.exchange.giveUp();
    stuck.exchange.giveUp();
    stuck.exchange.giveUp();
    expect(await outcomesOf([stuck, dropped, next])).toEqual(["GivenUp", "GivenUp", 200]);
    expect(server.requests.map(({ body }) => body)).toEqual(["stuck", "next"]);
    expect(server.sockets[0]?.destroyed).toBe(true);
    next.exchange.giveUp();
    expect(await post(sender).outcome).toBe(200);
    expect(server.sockets).toHaveLength(2);
  });

  it("makes no connections for what is given up all at once", async () => {
    const server = await serve(() => {});
    const sender = senderTo(server.url, 2);
    const sent = Array.from({ length: 50 }, () => post(sender));
    await vi.waitFor(() => expect(server.requests).toHaveLength(2));
    for (const { exchange } of sent) exchange.giveUp();
    expect(new Set(await outcomesOf(sent))).toEqual(new Set(["GivenUp"]));
    await pause(50);
    expect(server.sockets).toHaveLength(2);
  });

  it("decides what is under way when it is closed, and takes no more", async () => {
    const server = await serve(() => {});
    const sender = senderTo(server.url, 1);
    const sent = [post(sender), post(sender)];
    await vi.waitFor(() => expect(server.requests).toHaveLength(1));
    await sender.close();
    sent.push(post(sender));
    expect(await outcomesOf(sent)).toEqual(["NoConnection", "NoConnection", "NoConnection"]);
    expect(server.sockets).toHaveLength(1);
  });

  it("sends nothing anew once it is closed", async () => {
    const server = await serve((socket, index) => (index === 0 ? ok(socket) : undefined));
    const sender = senderTo(server.url, 1);
    await post(sender).outcome;
    await pause(600);
    const last = post(sender);
    await vi.waitFor(() => expect(server.requests).toHaveLength(2));
    await sender.close();
    expect(await last.outcome).toBe("NoConnection");
    await pause(20);
    expect(server.sockets).toHaveLength(1);
  });

  it("does not use a connection again that still carries the rest of an answered request", async () => {
    let connections = 0;
    // It answers the first bytes that come, and reads no further.
    const hasty = createServer((socket) => {
      connections++;
      socket.on("error", () => {});
      socket.once("data", () => ok(socket.pause()));
    });
    await new Promise<void>((resolve) => hasty.listen(0, "127.0.0.1", resolve));
    const sender = senderTo(`http://127.0.0.1:${(hasty.address() as AddressInfo).port}/`, 1);
    expect(await post(sender, "x".repeat(30_000_000)).outcome).toBe(200);
    expect(await post(sender).outcome).toBe(200);
    expect(connections).toBe(2);
    hasty.close();
  });

  it("refuses a request whose headers cannot be sent", async () => {
    const sender = senderTo("http://127.0.0.1:1/", 1);
    const request = { headers: { "x-a": "b\r\nc: d" }, body: Buffer.alloc(0) };
    expect(() => sender.send(request, () => expect.fail())).toThrow(RangeError);
  });

  it("waits five seconds for a connection", async () => {
    // It takes connections and never shakes hands.
    const mute = createServer(() => {});
    await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const sender = senderTo(`https://127.0.0.1:${(mute.address() as AddressInfo).port}/`, 1);
      let decided = false;
      const { outcome } = post(sender);
      void outcome.then(() => {
        decided = true;
      });
      vi.advanceTimersByTime(4900);
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      expect(decided).toBe(false);
      vi.advanceTimersByTime(200);
      expect(await outcome).toBe("NoConnection");
    } finally {
      vi.useRealTimers();
      mute.close();
    }
  });

  it("speaks TLS with a server that proves its name, and with no other", async () => {
    const server = await serve(ok, "Tls");
    expect(await post(senderTo(server.url, 1)).outcome).toBe("NoConnection");
    expect(server.requests).toEqual([]);
    const trusted = getCACertificates("default");
    setDefaultCACertificates([tlsIdentity.cert]);
    try {
      const sender = senderTo(server.url, 1);
      for (const body of ["a", "b", "c".repeat(200_000)]) expect(await post(sender, body).outcome).toBe(200);
      expect(await post(senderTo(server.url.replace("localhost", "127.0.0.1"), 1)).outcome).toBe("NoConnection");
      expect(server.requests.map(({ body }) => body.length)).toEqual([1, 1, 200_000]);
      expect(new Set(server.requests.map(({ connection }) => connection)).size).toBe(1);
      expect((server.sockets[server.requests[0]?.connection ?? 0] as TLSSocket).servername).toBe("localhost");
    } finally {
      setDefaultCACertificates(trusted);
    }
  });
});
