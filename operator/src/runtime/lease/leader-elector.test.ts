import { describe, expect, it } from "vitest";
import { ApiError } from "../client/api-error.ts";
import { KubeClient } from "../client/client.ts";
import type { Transport } from "../client/transport.ts";
import { FakeApiServer } from "../testing/fake-api-server.ts";
import { type ConfigMap, configMap, configMaps } from "../testing/fixtures.ts";
import { seededRandom, VirtualClock } from "../testing/virtual-clock.ts";
import { LeaderElector, LeaseLostError } from "./leader-elector.ts";
import { type Lease, leases } from "./lease-record.ts";

const lease = { namespace: "shop", name: "operator" };

function contender(server: FakeApiServer, clock: VirtualClock, identity: string) {
  const client = new KubeClient({ transport: server, clock, random: seededRandom(7) });
  const elector = new LeaderElector({ client, clock, random: seededRandom(identity.length), lease, identity });
  const guarded = new KubeClient({ transport: server, clock, mayWrite: () => elector.mayWrite() });
  const stop = new AbortController();
  let lost: unknown;
  let leads = false;
  const running = (async () => {
    leads = await elector.acquire(stop.signal);
    if (leads) await elector.hold(stop.signal);
    await elector.release();
  })().catch((error) => {
    lost = error;
  });
  return { elector, guarded, stop, running, lost: () => lost, leads: () => leads };
}

function setUp() {
  const clock = new VirtualClock();
  return { clock, server: new FakeApiServer(clock) };
}

const holder = (server: FakeApiServer) =>
  (server.get("leases", "shop/operator") as Lease | undefined)?.spec?.holderIdentity;

describe("the lease (promises L1 to L7)", () => {
  it("is held by exactly one of two, and by the other 15 s after the first has vanished (L1)", async () => {
    const { clock, server } = setUp();
    const one = contender(server, clock, "one");
    await clock.advance(10);
    const two = contender(server, clock, "other");
    await clock.advance(60_000);
    expect([one.elector.mayWrite(), two.elector.mayWrite(), holder(server)]).toEqual([true, false, "one"]);
    server.intercept = () => undefined;
    one.elector.release = async () => {};
    one.stop.abort();
    await clock.advance(13_000);
    expect(two.elector.mayWrite()).toBe(false);
    await clock.advance(8_000);
    expect([two.elector.mayWrite(), holder(server)]).toEqual([true, "other"]);
    two.stop.abort();
    await clock.advance(10);
  });

  it("writes micro-times and counts transitions (L1)", async () => {
    const { clock, server } = setUp();
    server.put("leases", { metadata: lease, spec: { holderIdentity: "", leaseTransitions: 4 } } as Lease);
    const one = contender(server, clock, "one");
    await clock.advance(5_000);
    const spec = (server.get("leases", "shop/operator") as Lease).spec;
    expect(spec).toMatchObject({ holderIdentity: "one", leaseTransitions: 5, leaseDurationSeconds: 15 });
    expect([spec?.renewTime, spec?.acquireTime]).toEqual([
      expect.stringMatching(/^2026-01-01T00:00:0\d\.\d{6}Z$/),
      "2026-01-01T00:00:00.000000Z",
    ]);
    one.stop.abort();
    await clock.advance(10);
  });

  it("refuses every write from the moment after the jump in time of a stopped leader (L2)", async () => {
    const { clock, server } = setUp();
    const one = contender(server, clock, "one");
    await clock.advance(10);
    expect(one.elector.mayWrite()).toBe(true);
    clock.jump(20_000);
    expect(one.elector.mayWrite()).toBe(false);
    const before = server.writes.length;
    const write = one.guarded.create<ConfigMap>(configMaps, configMap("late"));
    await expect(write).rejects.toMatchObject({ reason: "WriteRefused" });
    await clock.advance(5_000);
    expect([one.lost() instanceof LeaseLostError, server.writes.length]).toEqual([true, before]);
  });

  it("refuses a write whose connection came too late (L2)", async () => {
    const { clock, server } = setUp();
    const one = contender(server, clock, "one");
    await clock.advance(10);
    const slow = new KubeClient({
      clock,
      mayWrite: () => one.elector.mayWrite(),
      transport: {
        send: async (request) => {
          clock.jump(16_000);
          return await server.send(request);
        },
        close: async () => {},
      },
    });
    await expect(slow.create<ConfigMap>(configMaps, configMap("late"))).rejects.toBeInstanceOf(ApiError);
    expect(server.get("configmaps", "shop/late")).toBeUndefined();
    one.stop.abort();
    await clock.advance(10);
  });

  it("counts from before it asked, not from when the answer came (L2)", async () => {
    const { clock, server } = setUp();
    const late: Transport = {
      send: async (request) => {
        const answer = await server.send(request);
        if (request.method === "POST") clock.jump(11_000);
        return answer;
      },
      close: async () => {},
    };
    const client = new KubeClient({ transport: late, clock });
    const elector = new LeaderElector({ client, clock, random: seededRandom(), lease, identity: "one" });
    expect(await elector.acquire(new AbortController().signal)).toBe(true);
    expect([holder(server), elector.mayWrite()]).toEqual(["one", false]);
  });

  it("is lost, with an error, when it cannot be renewed in time (L3)", async () => {
    const { clock, server } = setUp();
    const one = contender(server, clock, "one");
    await clock.advance(10);
    server.down = true;
    await clock.advance(9_000);
    expect(one.elector.mayWrite()).toBe(true);
    await clock.advance(4_000);
    expect([one.elector.mayWrite(), one.lost() instanceof LeaseLostError]).toEqual([false, true]);
  });

  it("survives a short outage (L3)", async () => {
    const { clock, server } = setUp();
    const one = contender(server, clock, "one");
    await clock.advance(10);
    server.down = true;
    await clock.advance(4_000);
    server.down = false;
    await clock.advance(60_000);
    expect([one.elector.mayWrite(), one.lost()]).toEqual([true, undefined]);
    one.stop.abort();
    await clock.advance(10);
  });

  it("is lost when another process took it (L4)", async () => {
    const { clock, server } = setUp();
    const one = contender(server, clock, "one");
    await clock.advance(10);
    server.put("leases", { metadata: lease, spec: { holderIdentity: "thief", leaseDurationSeconds: 15 } } as Lease);
    await clock.advance(3_000);
    expect([one.elector.mayWrite(), String(one.lost())]).toEqual([false, expect.stringContaining("another process")]);
    expect(holder(server)).toBe("thief");
  });

  it("passes on at once when it is released (L5)", async () => {
    const { clock, server } = setUp();
    const one = contender(server, clock, "one");
    await clock.advance(10);
    const two = contender(server, clock, "other");
    await clock.advance(5_000);
    one.stop.abort();
    await clock.advance(3_000);
    expect([one.elector.mayWrite(), two.elector.mayWrite()]).toEqual([false, true]);
    two.stop.abort();
    await clock.advance(10);
  });

  it("passes on at once also where the last renewal was stored but its answer never came (L5)", async () => {
    const { clock, server } = setUp();
    const one = contender(server, clock, "one");
    await clock.advance(10);
    const held = server.get("leases", "shop/operator") as Lease;
    server.put("leases", {
      metadata: lease,
      spec: { ...held.spec, renewTime: "2026-01-01T00:00:01.000000Z" },
    } as Lease);
    one.stop.abort();
    await clock.advance(10);
    expect([holder(server), one.lost()]).toEqual(["", undefined]);
  });

  it("goes on at once under the same identity: the next container of the same pod (L6)", async () => {
    const { clock, server } = setUp();
    server.put("leases", { metadata: lease, spec: { holderIdentity: "one", leaseDurationSeconds: 15 } } as Lease);
    const one = contender(server, clock, "one");
    await clock.advance(10);
    expect(one.elector.mayWrite()).toBe(true);
    one.stop.abort();
    await clock.advance(10);
  });

  it("is never held by two, whoever stalls for however long (L7)", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { clock, server } = setUp();
      const random = seededRandom(seed);
      const all = ["one", "other", "third one"].map((identity) => contender(server, clock, identity));
      for (let step = 0; step < 40; step++) {
        if (random() < 0.2) server.intercept = () => Promise.reject(new Error("socket hang up"));
        else server.intercept = () => undefined;
        if (random() < 0.2) clock.jump(random() * 20_000);
        expect(all.filter(({ elector }) => elector.mayWrite()).length).toBeLessThanOrEqual(1);
        await clock.advance(random() * 5_000);
        expect(all.filter(({ elector }) => elector.mayWrite()).length).toBeLessThanOrEqual(1);
      }
      for (const { stop } of all) stop.abort();
      await clock.advance(10);
      await Promise.all(all.map(({ running }) => running));
    }
    expect(leases.plural).toBe("leases");
  });
});
