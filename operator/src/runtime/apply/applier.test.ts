import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Reflector } from "../cache/reflector.ts";
import { Store, type StoreOptions } from "../cache/store.ts";
import { type ConfigMap, configMap, configMaps, fakeWorld } from "../testing/fixtures.ts";
import { Applier } from "./applier.ts";
import { canonicalJson, projectOn } from "./canonical.ts";

async function setUp(options: StoreOptions<ConfigMap> = {}) {
  const world = fakeWorld();
  const { clock, random, client } = world;
  const store = new Store<ConfigMap>(configMaps, options);
  const stop = new AbortController();
  const running = new Reflector({ client, store, clock, random }).run(stop.signal);
  await clock.advance(10);
  const applier = new Applier({ client, fieldManager: "test", memory: 2 });
  const end = async () => {
    stop.abort();
    await clock.advance(10);
    await running;
  };
  const apply = async (manifest: ConfigMap) => (await applier.apply(store, manifest)).written;
  return { ...world, store, applier, apply, end };
}

describe("the applier (promises P1 to P6)", () => {
  it("writes once, reads its write at once, and then nothing while nothing changes (P1)", async () => {
    const { apply, server, store, clock, end } = await setUp();
    expect(await apply(configMap("a", { x: "1" }))).toBe(true);
    expect(store.get("shop/a")?.data).toEqual({ x: "1" });
    await clock.advance(100);
    for (let at = 0; at < 5; at++) expect(await apply(configMap("a", { x: "1" }))).toBe(false);
    expect(server.writes.length).toBe(1);
    expect(server.writes[0]?.path).toContain("fieldManager=test&force=true");
    await end();
  });

  it("repairs what somebody changed, and leaves alone what it does not speak of (P2)", async () => {
    const { apply, server, clock, end } = await setUp();
    await apply(configMap("a", { x: "1" }));
    server.put("configmaps", configMap("a", { x: "1", other: "theirs" }));
    await clock.advance(100);
    expect(await apply(configMap("a", { x: "1" }))).toBe(false);
    server.put("configmaps", configMap("a", { x: "2", other: "theirs" }));
    await clock.advance(100);
    expect(await apply(configMap("a", { x: "1" }))).toBe(true);
    expect(server.get("configmaps", "shop/a")).toMatchObject({ data: { x: "1", other: "theirs" } });
    await end();
  });

  it("writes when the manifest drops a field, though the live object agrees with the rest (P2)", async () => {
    const { apply, clock, end } = await setUp();
    await apply(configMap("a", { x: "1", y: "1" }));
    await clock.advance(100);
    expect(await apply(configMap("a", { x: "1" }))).toBe(true);
    await end();
  });

  it("takes what the API server made of its value for agreement (P3)", async () => {
    const { client, store, clock, server, end } = await setUp();
    const applier = new Applier({
      fieldManager: "test",
      client: Object.assign(Object.create(client) as typeof client, {
        apply: async (_resource: unknown, manifest: ConfigMap) =>
          server.put("configmaps", { ...manifest, data: { cpu: "1" } } as ConfigMap),
      }),
    });
    const manifest = configMap("a", { cpu: "1000m" });
    expect((await applier.apply(store, manifest)).written).toBe(true);
    await clock.advance(100);
    expect((await applier.apply(store, manifest)).written).toBe(false);
    await end();
  });

  it("writes again when the object was deleted, or recreated by others (P4)", async () => {
    const { apply, server, clock, end } = await setUp();
    await apply(configMap("a", { x: "1" }));
    await clock.advance(100);
    server.remove("configmaps", "shop/a");
    await clock.advance(100);
    expect(await apply(configMap("a", { x: "1" }))).toBe(true);
    server.remove("configmaps", "shop/a");
    server.put("configmaps", configMap("a", { x: "1" }));
    await clock.advance(100);
    expect(await apply(configMap("a", { x: "1" }))).toBe(true);
    await end();
  });

  it("sends again what failed (P5)", async () => {
    const { apply, server, clock, end } = await setUp();
    await apply(configMap("a", { x: "1" }));
    server.put("configmaps", configMap("a", { x: "2" }));
    await clock.advance(100);
    server.down = true;
    await expect(apply(configMap("a", { x: "1" }))).rejects.toMatchObject({ reason: "Unreachable" });
    server.down = false;
    server.put("configmaps", configMap("a", { x: "1" }));
    await clock.advance(5_000);
    const again = apply(configMap("a", { x: "1" }));
    await clock.advance(1_000);
    expect(await again).toBe(true);
    await end();
  });

  it("forgets the oldest beyond its memory, at the price of a request (P6)", async () => {
    const { apply, clock, end } = await setUp();
    for (const name of ["a", "b", "c"]) await apply(configMap(name));
    await clock.advance(100);
    expect([await apply(configMap("c")), await apply(configMap("a"))]).toEqual([false, true]);
    await end();
  });
});

describe("projection and canonical JSON", () => {
  it("sees every change of a named leaf, and no change elsewhere", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), (desired, extra) => {
        const name = "not-in-desired";
        fc.pre(!(name in desired) && !("__proto__" in desired));
        expect(canonicalJson(projectOn(desired, { ...desired, [name]: extra }))).toBe(canonicalJson(desired));
        for (const key of Object.keys(desired)) {
          const changed = { ...desired, [key]: `changed: ${canonicalJson(desired[key])}` };
          expect(canonicalJson(projectOn(desired, changed))).not.toBe(canonicalJson(desired));
        }
      }),
    );
  });

  it("sees added, removed and moved list elements", () => {
    const desired = { list: [{ name: "a" }, { name: "b" }] };
    const text = (list: unknown[]) => canonicalJson(projectOn(desired, { list }));
    const whole = text([{ name: "a", defaulted: 1 }, { name: "b" }]);
    expect(whole).toBe(canonicalJson(desired));
    for (const other of [[{ name: "a" }], [{ name: "b" }, { name: "a" }], [...desired.list, { name: "c" }]]) {
      expect(text(other)).not.toBe(whole);
    }
  });

  it("does not depend on the order of members", () => {
    expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: null })).toBe('{"a":null,"b":[{"c":2,"d":1}]}');
  });
});
