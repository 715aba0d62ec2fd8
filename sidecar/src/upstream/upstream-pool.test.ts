import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { EnginePool } from "../engine/engine.ts";
import { eventually } from "../engine/engine-fixtures.ts";
import type { Tensor } from "../tensor.ts";
import { startUpstreamPool } from "./upstream-pool.ts";

type Behaviour = "Answer" | "Hang" | "Break" | number;

const tensor = { name: "x", datatype: "FP32", shape: [-1, 1] };
const input: Tensor = {
  name: "x",
  datatype: "FP32",
  shape: [1, 1],
  data: new Uint8Array(new Float32Array([7]).buffer),
};
const fast = { readyEveryMilliseconds: 20, lostEveryMilliseconds: 10 };

/** A server of another make: JSON only, and as faulty as it is told. */
class OtherServer {
  behaviour: Behaviour = "Answer";
  ready = true;
  outputs = [tensor];
  requests = 0;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => this.#serve(request, response));
  }

  static async start(port = 0): Promise<OtherServer> {
    const server = new OtherServer();
    await new Promise<void>((resolve) => server.#server.listen(port, "127.0.0.1", resolve));
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve({ url = "", method, socket }: IncomingMessage, response: ServerResponse): void {
    const json = (status: number, body: unknown) => response.writeHead(status).end(JSON.stringify(body));
    if (method === "POST") {
      this.requests += 1;
      if (this.behaviour === "Hang") return;
      if (this.behaviour === "Break") return void socket.destroy();
      if (this.behaviour !== "Answer") return void json(this.behaviour, { error: "no" });
      return void json(200, { outputs: [{ ...tensor, shape: [1, 1], data: [7] }] });
    }
    if (url === "/v2") return void json(200, { name: "other", version: "1.2" });
    if (url.endsWith("/ready")) return void json(this.ready ? 200 : 400, {});
    if (url.endsWith("/models/m")) return void json(200, { name: "m", inputs: [tensor], outputs: this.outputs });
    json(404, { error: "nothing here" });
  }
}

let server: OtherServer | undefined;
let pool: EnginePool | undefined;
afterEach(async () => {
  await pool?.close(0);
  await server?.close();
});

async function start(instances = 1): Promise<{ server: OtherServer; pool: EnginePool }> {
  server = await OtherServer.start();
  const layout = { instances, threadsPerInstance: 1, pinned: false, spinning: false };
  const file = `http://127.0.0.1:${server.port}/v2/models/m`;
  pool = await startUpstreamPool({ engine: "OpenInference", file, layout }, fast);
  return { server, pool };
}

const run = (one: EnginePool, limit = 5000) => one.run([input], ["x"], limit);

describe("another server as the engine", () => {
  it("computes batches, as many at once as the plan has instances", async () => {
    const { pool: one } = await start(2);
    expect([one.instances, one.freeSlots(1), one.freeSlots(2), one.idleInstances()]).toEqual([2, 2, 4, 2]);
    const batches = [run(one), run(one)];
    expect([one.freeSlots(1), one.freeSlots(2), one.idleInstances()]).toEqual([0, 2, 0]);
    for (const { outputs } of await Promise.all(batches)) {
      expect(new Float32Array(new Uint8Array(outputs[0]?.data ?? []).buffer)[0]).toBe(7);
    }
    expect(one.freeSlots(1)).toBe(2);
    expect(one.status()[0]).toMatchObject({ state: "Ready", version: "other 1.2" });
  });

  it.each([
    [400, "Rejected"],
    [413, "Rejected"],
    [429, "Unavailable"],
    [503, "Unavailable"],
    [504, "Hung"],
    [500, "Crashed"],
    ["Break", "Crashed"],
  ] as const)("takes %s for %s", async (behaviour, kind) => {
    const { server: other, pool: one } = await start();
    other.behaviour = behaviour;
    await expect(run(one)).rejects.toMatchObject({ name: "EngineFailure", kind });
  });

  it("gives a batch up that outlasts its limit", async () => {
    const { server: other, pool: one } = await start();
    other.behaviour = "Hang";
    await expect(run(one, 50)).rejects.toMatchObject({ kind: "Hung" });
    expect(one.freeSlots(1)).toBe(1);
  });

  it("offers no slots while the server is not ready, and says when it is back", async () => {
    const { server: other, pool: one } = await start();
    const changes: number[] = [];
    one.onChange(() => changes.push(one.freeSlots(1)));
    other.ready = false;
    await eventually(() => one.freeSlots(1) === 0, "an unready server was noticed");
    await expect(run(one)).rejects.toMatchObject({ kind: "Unavailable" });
    expect(other.requests).toBe(0);
    other.ready = true;
    await eventually(() => one.freeSlots(1) === 1, "a server that came back was noticed");
    expect(changes).toContain(0);
    expect(changes.at(-1)).toBe(1);
    expect(one.status()[0]?.restarts).toBe(1);
  });

  it("waits for a server that was replaced, and does not take another model for the old one", async () => {
    const { server: other, pool: one } = await start();
    const { port } = other;
    await other.close();
    await expect(run(one)).rejects.toMatchObject({ name: "EngineFailure" });
    await eventually(() => one.freeSlots(1) === 0, "a server that is gone was noticed");
    server = await OtherServer.start(port);
    server.outputs = [{ ...tensor, name: "y" }];
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(one.freeSlots(1)).toBe(0);
    server.outputs = [tensor];
    await eventually(() => one.freeSlots(1) === 1, "the right model was taken again");
    await run(one);
  });

  it("cannot be started where there is no server", async () => {
    const layout = { instances: 1, threadsPerInstance: 1, pinned: false, spinning: false };
    const settings = { engine: "OpenInference", file: "http://127.0.0.1:9/v2/models/m", layout } as const;
    await expect(startUpstreamPool(settings)).rejects.toMatchObject({ kind: "Unavailable" });
  });
});
