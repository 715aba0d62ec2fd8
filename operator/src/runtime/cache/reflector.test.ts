import { describe, expect, it } from "vitest";
import { answer, refusal } from "../testing/fake-api-server.ts";
import { type ConfigMap, configMap, configMaps, fakeWorld } from "../testing/fixtures.ts";
import { Reflector } from "./reflector.ts";
import { Store } from "./store.ts";

function setUp() {
  const world = fakeWorld();
  const { clock, random, client } = world;
  const store = new Store<ConfigMap>(configMaps);
  const changes: string[] = [];
  const restarts: string[] = [];
  store.subscribe(({ type, object }) => changes.push(`${type} ${object.metadata.name} ${object.metadata.uid}`));
  const reflector = new Reflector({ client, store, clock, random, onRestart: (reason) => restarts.push(reason) });
  const stop = new AbortController();
  const running = reflector.run(stop.signal);
  const end = async () => {
    stop.abort();
    await clock.advance(10);
    await running;
  };
  const lists = () => world.server.requests.filter(({ path }) => !path.includes("watch=true")).length;
  return { ...world, store, changes, restarts, end, lists };
}

const names = (store: Store<ConfigMap>) =>
  store
    .list()
    .map(({ metadata }) => metadata.name)
    .sort();

describe("the reflector (promises R1 to R9)", () => {
  it("lists, then follows the watch (R1)", async () => {
    const { clock, server, store, changes, end } = setUp();
    server.put("configmaps", configMap("a"));
    await clock.advance(10);
    expect([store.synced, names(store)]).toEqual([true, ["a"]]);
    server.put("configmaps", configMap("b"));
    server.put("configmaps", configMap("a", { changed: "yes" }));
    server.remove("configmaps", "shop/b");
    await clock.advance(10);
    expect(changes).toEqual(["Added a uid-1", "Added b uid-2", "Modified a uid-1", "Deleted b uid-2"]);
    await end();
  });

  it("is not synced before a list has come, however long that takes (R1)", async () => {
    const { clock, server, store, end } = setUp();
    server.down = true;
    await clock.advance(60_000);
    expect(store.synced).toBe(false);
    server.down = false;
    await clock.advance(5_000);
    expect(store.synced).toBe(true);
    await end();
  });

  it("goes on from where it was when a watch ends or breaks, without a new list (R2)", async () => {
    const { clock, server, store, lists, end } = setUp();
    await clock.advance(10);
    for (const broken of [false, true]) {
      server.endWatches(broken);
      server.put("configmaps", configMap(`during-${broken}`));
      await clock.advance(5_000);
    }
    expect([names(store), lists()]).toEqual([["during-false", "during-true"], 1]);
    await end();
  });

  it("lists anew after 410 and tells a recreation in the gap as deletion and addition (R3)", async () => {
    const { clock, server, changes, restarts, end } = setUp();
    server.put("configmaps", configMap("a"));
    await clock.advance(10);
    server.down = true;
    server.endWatches(true);
    server.remove("configmaps", "shop/a");
    server.put("configmaps", configMap("a"));
    server.compact();
    await clock.advance(3_000);
    server.down = false;
    await clock.advance(5_000);
    expect(changes).toEqual(["Added a uid-1", "Deleted a uid-1", "Added a uid-2"]);
    expect(restarts).toContain("gone");
    await end();
  });

  it("does not spin in a storm of 410 (R4)", async () => {
    const { clock, server, store, end } = setUp();
    server.intercept = ({ path }) => (path.includes("watch=true") ? refusal(410, "Expired") : undefined);
    await clock.advance(300_000);
    // A list and a watch every two seconds at the most.
    expect(server.requests.length).toBeLessThan(300);
    server.intercept = () => undefined;
    server.put("configmaps", configMap("late"));
    await clock.advance(5_000);
    expect(names(store)).toEqual(["late"]);
    await end();
  });

  it("does not spin when every watch ends at once (R4)", async () => {
    const { clock, server, end } = setUp();
    server.intercept = ({ path }) => (path.includes("watch=true") ? { status: 200, body: empty() } : undefined);
    await clock.advance(300_000);
    expect(server.requests.length).toBeLessThan(60);
    await end();
  });

  it("leaves a half-open watch and learns what it missed (R5)", async () => {
    const { clock, server, store, restarts, end } = setUp();
    await clock.advance(10);
    server.silent = true;
    server.put("configmaps", configMap("missed"));
    await clock.advance(60_000);
    expect(names(store)).toEqual([]);
    server.silent = false;
    await clock.advance(31_000);
    expect([names(store), restarts]).toEqual([["missed"], ["quiet"]]);
    await end();
  });

  it("takes bookmarks for a sign of life, and goes on from them (R5)", async () => {
    const { clock, server, restarts, end } = setUp();
    await clock.advance(10);
    for (let minute = 0; minute < 3; minute++) {
      await clock.advance(60_000);
      server.put("pods", configMap(`other-${minute}`));
      server.bookmark();
    }
    expect(restarts).toEqual([]);
    server.endWatches();
    server.compact();
    await clock.advance(10);
    expect(restarts).toEqual(["ended"]);
    await end();
  });

  it("heals an event that was lost without a trace by the next full list (R6)", async () => {
    const { clock, server, store, end } = setUp();
    await clock.advance(10);
    server.loses = () => true;
    server.put("configmaps", configMap("lost"));
    server.loses = () => false;
    server.put("configmaps", configMap("seen"));
    await clock.advance(300_000);
    expect(names(store)).toEqual(["seen"]);
    await clock.advance(361_000);
    expect(names(store)).toEqual(["lost", "seen"]);
    await end();
  });

  it("refuses stale lists, until they are the only truth that there is (R7)", async () => {
    const { clock, server, store, restarts, end } = setUp();
    server.put("configmaps", configMap("a"));
    await clock.advance(10);
    server.compact();
    server.intercept = ({ path }) =>
      path.includes("watch=true") ? undefined : answer(200, { metadata: { resourceVersion: "3" }, items: [] });
    server.put("pods", configMap("moves the revision"));
    server.compact();
    server.endWatches();
    await clock.advance(10_000);
    expect([names(store), restarts.includes("stale")]).toEqual([["a"], true]);
    await clock.advance(60_000);
    expect(names(store)).toEqual([]);
    await end();
  });

  it("is back within 5 s after an outage, and asked at most once a second during it (R8)", async () => {
    const { clock, server, store, end } = setUp();
    await clock.advance(10);
    server.down = true;
    server.endWatches(true);
    const before = server.requests.length;
    await clock.advance(600_000);
    expect(server.requests.length - before).toBeLessThanOrEqual(600);
    server.put("configmaps", configMap("during"));
    server.down = false;
    await clock.advance(5_000);
    expect(names(store)).toEqual(["during"]);
    await end();
  });

  it("survives an answer that is no list and a line that is no event (R9)", async () => {
    const { clock, server, store, end } = setUp();
    server.intercept = () => answer(200, "nonsense");
    await clock.advance(5_000);
    server.intercept = ({ path }) => (path.includes("watch=true") ? answer(200, { type: "ADDED" }) : undefined);
    await clock.advance(30_000);
    server.intercept = () => undefined;
    server.put("configmaps", configMap("a"));
    await clock.advance(31_000);
    expect(names(store)).toEqual(["a"]);
    await end();
  });
});

async function* empty(): AsyncGenerator<Uint8Array> {}
