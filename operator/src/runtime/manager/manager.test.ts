import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ApiError } from "../client/api-error.ts";
import { LeaseLostError } from "../lease/leader-elector.ts";
import type { Lease } from "../lease/lease-record.ts";
import { keyOfObject } from "../resource.ts";
import { FakeApiServer, refusal } from "../testing/fake-api-server.ts";
import { configMap, configMaps, silentLogger } from "../testing/fixtures.ts";
import { seededRandom, VirtualClock } from "../testing/virtual-clock.ts";
import type { ReconcileContext } from "./controller.ts";
import { Manager, type ManagerOptions } from "./manager.ts";
import { metricCatalogue } from "./metrics.ts";
import { done, type Outcome, requeueAfter, retriable, terminal } from "./outcome.ts";

type Reconcile = (key: string, context: ReconcileContext, manager: Manager) => Promise<Outcome>;

function world() {
  const clock = new VirtualClock();
  return { clock, server: new FakeApiServer(clock) };
}

/** A process with one controller over all ConfigMaps. */
function start(
  { clock, server }: ReturnType<typeof world>,
  reconcile: Reconcile,
  options: Partial<ManagerOptions> = {},
) {
  const manager = new Manager({
    transport: server,
    logger: silentLogger,
    name: "example.dev/operator",
    identity: "pod-1",
    lease: null,
    healthPort: null,
    clock,
    random: seededRandom(options.identity?.length ?? 1),
    ...options,
  });
  const runs: string[] = [];
  const cache = manager.cache(configMaps);
  const controller = manager.controller({
    name: "test",
    workers: 2,
    backoff: { baseMs: 1_000, capMs: 60_000 },
    reconcile: (key, context) => {
      runs.push(key);
      return reconcile(key, context, manager);
    },
  });
  controller.watch(cache, ({ object }) => [keyOfObject(object)]);
  const stop = new AbortController();
  let ended: unknown = "running";
  const running = manager.run(stop.signal).then(
    () => {
      ended = "stopped";
    },
    (error) => {
      ended = error;
    },
  );
  const end = async () => {
    stop.abort();
    await clock.advance(100);
    await running;
  };
  return { manager, cache, controller, runs, stop, running, end, ended: () => ended };
}

describe("the manager (promises M1 to M8)", () => {
  it("reconciles every object after the first list, and what changes then (M1)", async () => {
    const given = world();
    given.server.put("configmaps", configMap("a"));
    given.server.down = true;
    const { runs, end } = start(given, async () => done);
    await given.clock.advance(10_000);
    expect(runs).toEqual([]);
    given.server.down = false;
    await given.clock.advance(5_000);
    given.server.put("configmaps", configMap("b"));
    await given.clock.advance(100);
    expect(runs).toEqual(["shop/a", "shop/b"]);
    await end();
  });

  it("follows the four outcomes (M2)", async () => {
    const given = world();
    const tries = new Map<string, number>();
    for (const name of ["done", "after", "retriable", "terminal", "throws"])
      given.server.put("configmaps", configMap(name));
    const { runs, controller, end } = start(given, async (key) => {
      tries.set(key, (tries.get(key) ?? 0) + 1);
      if (key === "shop/after") return requeueAfter(10_000);
      if (key === "shop/retriable" && (tries.get(key) ?? 0) < 4) return retriable(new Error("not yet"));
      if (key === "shop/terminal") return terminal(new Error("mend it"));
      if (key === "shop/throws") throw new Error("a bug");
      return done;
    });
    await given.clock.advance(60_000);
    expect(Object.fromEntries(tries)).toMatchObject({ "shop/done": 1, "shop/terminal": 1, "shop/retriable": 4 });
    expect(tries.get("shop/after")).toBe(6);
    expect(tries.get("shop/throws")).toBeGreaterThan(4);
    expect([controller.queue.failuresOf("shop/retriable"), controller.queue.failuresOf("shop/throws") > 3]).toEqual([
      0,
      true,
    ]);
    given.server.put("configmaps", configMap("terminal", { mended: "yes" }));
    await given.clock.advance(100);
    expect(runs.filter((key) => key === "shop/terminal").length).toBe(2);
    await end();
  });

  it("has all keys right within 30 s after an outage of 10 min, asked at most once a second in it (M3)", async () => {
    const given = world();
    for (let at = 0; at < 50; at++) given.server.put("configmaps", configMap(`c${at}`));
    const { manager, cache, end } = start(given, async (key) => {
      const [namespace = "", name = ""] = key.split("/");
      await manager.applier.apply(cache, { metadata: { namespace, name }, data: { wanted: "yes" } });
      return done;
    });
    await given.clock.advance(10_000);
    for (let at = 0; at < 50; at++) given.server.put("configmaps", configMap(`c${at}`, { wanted: "no" }));
    given.server.down = true;
    given.server.endWatches(true);
    await given.clock.advance(1_000);
    const before = given.server.requests.length;
    await given.clock.advance(600_000);
    expect(given.server.requests.length - before).toBeLessThanOrEqual(600);
    given.server.down = false;
    await given.clock.advance(30_000);
    for (let at = 0; at < 50; at++) {
      expect(given.server.get("configmaps", `shop/c${at}`)).toMatchObject({ data: { wanted: "yes" } });
    }
    const writes = given.server.writes.length;
    await given.clock.advance(60_000);
    expect(given.server.writes.length).toBe(writes);
    await end();
  });

  type Server = ReturnType<typeof world>["server"];
  const troubles: [string, (server: Server) => void, (server: Server) => void][] = [
    [
      "fail in an outage",
      (server) => {
        server.down = true;
      },
      (server) => {
        server.down = false;
      },
    ],
    [
      "were refused by a busy API server",
      (server) => {
        server.intercept = () => refusal(429, "TooManyRequests", "1");
      },
      (server) => {
        server.intercept = () => undefined;
      },
    ],
  ];
  it.each(troubles)("does not let keys that %s wait for long after it (M3)", async (_, begin, end) => {
    const given = world();
    given.server.put("configmaps", configMap("a"));
    const started = start(given, async (_key, { signal }, manager) => {
      await manager.client.get(configMaps, { namespace: "shop", name: "a" }, { signal });
      return requeueAfter(1_000);
    });
    await given.clock.advance(5_000);
    begin(given.server);
    await given.clock.advance(600_000);
    expect(started.controller.queue.failuresOf("shop/a")).toBe(0);
    end(given.server);
    const before = started.runs.length;
    await given.clock.advance(15_000);
    expect(started.runs.length - before).toBeGreaterThanOrEqual(6);
    await started.end();
  });

  it("lets one of two work, and the other go on when it vanishes (M4)", async () => {
    const given = world();
    given.server.put("configmaps", configMap("a"));
    const lease = { namespace: "shop", name: "operator" };
    const first = start(given, async () => done, { lease, identity: "one" });
    await given.clock.advance(1_000);
    const second = start(given, async () => done, { lease, identity: "other" });
    await given.clock.advance(30_000);
    expect([first.runs.length, second.runs.length]).toEqual([1, 0]);
    expect(second.cache.synced).toBe(true);
    await first.end();
    await given.clock.advance(5_000);
    expect([second.runs, second.manager.mayWrite()]).toEqual([["shop/a"], true]);
    await second.end();
  });

  it("ends what it has begun, lets it write, and only then gives the lease away (M5)", async () => {
    const given = world();
    given.server.put("configmaps", configMap("a"));
    const lease = { namespace: "shop", name: "operator" };
    const { stop, running, runs } = start(
      given,
      async (_key, { signal }, manager) => {
        await new Promise<void>((resolve) => given.clock.after(5_000, resolve));
        await manager.client.mergePatch(
          configMaps,
          { namespace: "shop", name: "a" },
          { data: { ended: "yes" } },
          { signal },
        );
        return done;
      },
      { lease },
    );
    await given.clock.advance(1_000);
    stop.abort();
    given.server.put("configmaps", configMap("b"));
    await given.clock.advance(10_000);
    await running;
    const methods = given.server.writes.map(({ method, path }) => `${method} ${path.split("/").at(-1)}`);
    expect(methods.slice(-2)).toEqual(["PATCH a", "PUT operator"]);
    expect((given.server.get("leases", "shop/operator") as Lease).spec?.holderIdentity).toBe("");
    expect(runs).toEqual(["shop/a"]);
  });

  it("cuts reconciles off that take longer than the drain time (M5)", async () => {
    const given = world();
    given.server.put("configmaps", configMap("a"));
    const { stop, running } = start(
      given,
      (_key, { signal }) =>
        new Promise((resolve) => signal.addEventListener("abort", () => resolve(done), { once: true })),
      { drainMs: 3_000 },
    );
    await given.clock.advance(1_000);
    stop.abort();
    await given.clock.advance(3_100);
    await running;
  });

  it("ends with LeaseLostError when the lease is lost, aborts what runs and writes nothing more (M6)", async () => {
    const given = world();
    given.server.put("configmaps", configMap("a"));
    const refused: unknown[] = [];
    const process = start(
      given,
      async (_key, { signal }, manager) => {
        await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
        await manager.client.create(configMaps, configMap("late")).catch((error) => refused.push(error));
        return done;
      },
      { lease: { namespace: "shop", name: "operator" } },
    );
    await given.clock.advance(1_000);
    given.clock.jump(30_000);
    await given.clock.advance(15_000);
    expect(process.ended()).toBeInstanceOf(LeaseLostError);
    expect(refused).toEqual([expect.objectContaining({ reason: "WriteRefused" })]);
    expect(given.server.get("configmaps", "shop/late")).toBeUndefined();
  });

  it("aborts a reconcile at its timeout, and calls one that ignores it stuck (M7)", async () => {
    const given = world();
    given.server.put("configmaps", configMap("a"));
    let aborted = false;
    const { controller, runs } = start(given, async (_key, { signal }) => {
      signal.addEventListener("abort", () => {
        aborted = true;
      });
      return await new Promise<never>(() => {});
    });
    await given.clock.advance(61_000);
    expect([aborted, controller.stuck(), runs.length]).toEqual([true, [], 1]);
    await given.clock.advance(240_000);
    expect(controller.stuck()).toEqual(["shop/a"]);
  });

  it("serves health, readiness and metrics (M8)", async () => {
    const given = world();
    given.server.down = true;
    given.server.put("configmaps", configMap("a"));
    const { manager, end } = start(
      given,
      async () => retriable(new ApiError({ status: 409, reason: "Conflict", message: "m" })),
      {
        healthPort: 0,
        healthHost: "127.0.0.1",
      },
    );
    const read = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${manager.healthPort}${path}`);
      return `${response.status} ${await response.text()}`;
    };
    while (manager.healthPort === null) await given.clock.advance(10);
    expect(await read("/readyz")).toBe("503 The first list of configmaps has not come yet.\n");
    given.server.down = false;
    await given.clock.advance(5_000);
    expect([await read("/readyz"), await read("/healthz")]).toEqual(["200 ok\n", "200 ok\n"]);
    const metrics = await read("/metrics");
    expect(metrics).toContain('operator_reconcile_duration_seconds_count{controller="test",outcome="retriable"}');
    expect(metrics).toContain('operator_cache_objects{resource="configmaps"} 1');
    expect(metrics).toContain('operator_api_requests_total{verb="list",resource="configmaps",code="200"} 1');
    expect(metrics).toMatch(/^operator_leader 1$/m);
    expect(await read("/else")).toMatch(/^404 /);
    await end();
  });
});

describe("the metrics", () => {
  it("are those that the README lists, no more and no fewer", async () => {
    const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
    const listed = Array.from(readme.matchAll(/^\| `operator_(\w+)`/gm), ([, name]) => name);
    expect(listed.sort()).toEqual(Object.keys(metricCatalogue).sort());
    const { manager } = start(world(), async () => done);
    const served = (await manager.metrics.registry.getMetricsAsJSON()).map(({ name }) =>
      name.replace(/^operator_/, ""),
    );
    expect(served.sort()).toEqual(listed);
  });
});
