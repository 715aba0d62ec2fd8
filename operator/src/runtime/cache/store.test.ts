import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ConfigMap, configMap, configMaps } from "../testing/fixtures.ts";
import { compareResourceVersions } from "./resource-version.ts";
import { type Change, Store } from "./store.ts";

const at = (version: number, uid: string, name = "a", data: Record<string, string> = {}): ConfigMap =>
  configMap(name, data, { uid, resourceVersion: String(version) });

function setUp() {
  const store = new Store<ConfigMap>(configMaps, {
    indexes: { colour: ({ data }) => (data?.["colour"] ? [data["colour"]] : []) },
  });
  const changes: string[] = [];
  store.subscribe(({ type, object }) =>
    changes.push(`${type} ${object.metadata.uid}@${object.metadata.resourceVersion}`),
  );
  return { store, changes };
}

describe("resource versions", () => {
  it("compares decimal ones as integers beyond 2^53, and nothing else", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 2n ** 80n }), fc.bigInt({ min: 1n, max: 2n ** 80n }), (one, other) => {
        const order = compareResourceVersions(String(one), String(other));
        expect(Math.sign(order ?? Number.NaN)).toBe(one < other ? -1 : one > other ? 1 : 0);
      }),
    );
    expect([
      compareResourceVersions("x1", "2"),
      compareResourceVersions("02", "1"),
      compareResourceVersions("", "1"),
    ]).toEqual([null, null, null]);
  });
});

describe("the store (promises C1 to C8)", () => {
  it("tells a list as differences: added, modified, deleted, and nothing for what is equal (C1)", () => {
    const { store, changes } = setUp();
    store.replace([at(1, "u1", "a"), at(2, "u2", "b"), at(3, "u3", "c")], "3");
    changes.length = 0;
    store.replace([at(1, "u1", "a"), at(5, "u2", "b"), at(4, "u4", "d")], "6");
    expect(changes).toEqual(["Deleted u3@3", "Modified u2@5", "Added u4@4"]);
  });

  it("sees a recreation under the same name in a list as deletion and addition (C2)", () => {
    const { store, changes } = setUp();
    store.replace([at(1, "old")], "1");
    store.replace([at(9, "new")], "9");
    expect(changes.slice(1)).toEqual(["Deleted old@1", "Added new@9"]);
  });

  it("sees a recreation under the same name in a watch as deletion and addition (C2)", () => {
    const { store, changes } = setUp();
    store.replace([at(1, "old")], "1");
    store.observe("MODIFIED", at(9, "new"));
    expect(changes.slice(1)).toEqual(["Deleted old@1", "Added new@9"]);
  });

  it("refuses a list older than what it has seen (C3)", () => {
    const { store, changes } = setUp();
    store.replace([at(5, "u1")], "9");
    expect(store.replace([], "8")).toBe(false);
    expect([store.list().length, store.seenVersion]).toEqual([1, "9"]);
    expect(store.replace([at(3, "u1")], "8", true)).toBe(true);
    expect(changes.slice(1)).toEqual(["Modified u1@3"]);
  });

  it("takes our own write at once, and drops its echo (C4)", () => {
    const { store, changes } = setUp();
    store.replace([at(5, "u1")], "5");
    expect(store.offer(at(7, "u1", "a", { colour: "red" }))).toBe(true);
    store.observe("MODIFIED", at(6, "u1"));
    store.observe("MODIFIED", at(7, "u1", "a", { colour: "red" }));
    expect(changes.slice(1)).toEqual(["Modified u1@7"]);
    expect(store.get("shop/a")?.data).toEqual({ colour: "red" });
  });

  it("does not revive what the watch has already told to be deleted (C4)", () => {
    const { store } = setUp();
    store.replace([at(5, "u1")], "5");
    store.observe("MODIFIED", at(6, "u1"));
    store.observe("DELETED", at(8, "u1"));
    expect(store.offer(at(6, "u1"))).toBe(false);
    expect(store.get("shop/a")).toBeUndefined();
  });

  it("keeps our newer object when an older deletion of its name arrives late (C4)", () => {
    const { store } = setUp();
    store.replace([at(5, "old")], "5");
    store.offer(at(9, "new"));
    store.observe("DELETED", at(8, "old"));
    expect(store.get("shop/a")?.metadata.uid).toBe("new");
  });

  it("keeps our write that is newer than a list without it (C4)", () => {
    const { store } = setUp();
    store.replace([], "5");
    store.offer(at(9, "u1"));
    store.replace([], "7");
    expect(store.list().length).toBe(1);
    store.replace([], "10");
    expect(store.list().length).toBe(0);
  });

  it("takes no offer before the first list, and none that cannot be compared (C4)", () => {
    const { store } = setUp();
    expect(store.offer(at(9, "u1"))).toBe(false);
    store.replace([], "opaque");
    expect(store.offer(at(9, "u1"))).toBe(false);
  });

  it("keeps indexes through changes, deletions and recreations (C5)", () => {
    const { store } = setUp();
    const owned = { ...at(1, "u1", "a", { colour: "red" }) };
    const owner = { apiVersion: "v1", kind: "Pod", name: "p", uid: "owner" };
    store.replace(
      [{ ...owned, metadata: { ...owned.metadata, ownerReferences: [owner] } }, at(2, "u2", "b", { colour: "red" })],
      "2",
    );
    const red = () => store.byIndex("colour", "red").map(({ metadata }) => metadata.name);
    expect([store.byOwner("owner").length, red()]).toEqual([1, ["a", "b"]]);
    store.observe("MODIFIED", at(3, "u1", "a", { colour: "blue" }));
    expect([store.byOwner("owner").length, red()]).toEqual([0, ["b"]]);
    store.observe("DELETED", at(4, "u2", "b"));
    expect(red()).toEqual([]);
    expect(() => store.byIndex("shape", "round")).toThrow(/no index "shape"/);
  });

  it("freezes what it keeps, and drops managedFields and trimmed fields (C6)", () => {
    const store = new Store<ConfigMap>(configMaps, { trim: ({ metadata }) => ({ metadata }) });
    const object = store.trim(
      configMap("a", { big: "x" }, { resourceVersion: "1", managedFields: [{}], labels: { l: "v" } }),
    );
    store.replace([object], "1");
    const kept = store.get("shop/a");
    expect(kept).toEqual({ metadata: { name: "a", namespace: "shop", resourceVersion: "1", labels: { l: "v" } } });
    expect(() => Object.assign(kept?.metadata.labels ?? {}, { l: "w" })).toThrow(TypeError);
  });

  it("tells the other handlers when one throws (C7)", () => {
    const errors: unknown[] = [];
    const store = new Store<ConfigMap>(configMaps, { onHandlerError: (error) => errors.push(error) });
    const seen: Change<ConfigMap>[] = [];
    store.subscribe(() => {
      throw new Error("handler");
    });
    store.subscribe((change) => seen.push(change));
    store.replace([at(1, "u1")], "1");
    expect([errors.length, seen.length]).toEqual([1, 1]);
  });

  it("tells a late subscriber what is there (C8)", () => {
    const { store } = setUp();
    store.replace([at(1, "u1")], "1");
    const seen: string[] = [];
    const unsubscribe = store.subscribe(({ type }) => seen.push(type));
    unsubscribe();
    store.observe("DELETED", at(2, "u1"));
    expect(seen).toEqual(["Added"]);
  });
});
