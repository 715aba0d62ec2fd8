import { describe, expect, it } from "vitest";
import { configMaps, inferenceDeployments, type Pod, pods } from "../resources.ts";
import { ApiError, type Applier, type Cache, type EventRecorder, type KubeClient } from "../runtime/index.ts";
import { serverPod } from "../testing/objects.ts";
import type { Action } from "./action.ts";
import { Interpreter, refusalOf } from "./interpreter.ts";

type Answer = (method: string, ...args: readonly unknown[]) => unknown;

/** An interpreter whose client answers by `answer`, and what it was asked. */
function interpreterWith(
  answer: Answer = () => ({}),
  afterAction?: (action: Action) => void,
  find: () => Promise<unknown> = async () => owner,
) {
  const calls: (readonly unknown[])[] = [];
  const offered: unknown[] = [];
  const call =
    (method: string) =>
    async (...args: readonly unknown[]) => {
      calls.push([method, ...args]);
      return answer(method, ...args);
    };
  const client = { find, create: call("create"), delete: call("delete"), mergePatch: call("mergePatch") };
  const cacheOf = (resource: unknown) => ({ resource, offer: (object: unknown) => offered.push(object) });
  const interpreter = new Interpreter({
    client: client as unknown as KubeClient,
    applier: { apply: call("apply") } as unknown as Applier,
    replan: async () => ({ kind: "Stays", capacityRequestsPerSecond: 1 }),
    fetchCostTable: async () => null,
    events: { record: call("record") } as unknown as EventRecorder,
    caches: [configMaps, pods].map(cacheOf) as unknown as Cache<never>[],
    ...(afterAction && { afterAction }),
  });
  return { interpreter, calls, offered };
}

const fails = (status: number, reason: string): Answer => {
  return () => {
    throw new ApiError({ status, reason, message: "It was refused." });
  };
};
const never = new AbortController().signal;
const pod: Pod = serverPod({});
const owner = { metadata: { name: "ocr", namespace: "shop", uid: "uid-ocr" } };
const map = { metadata: { name: "a", namespace: "shop", uid: "uid-a" } };
const create: Action = {
  kind: "Create",
  resource: configMaps,
  manifest: map,
  owner: { resource: inferenceDeployments, object: owner },
};
const remove: Action = { kind: "Delete", resource: configMaps, object: map };
const annotate: Action = { kind: "AnnotatePod", pod, annotations: { "sweetspot.dev/nonce": "1/0" } };

describe("the interpreter", () => {
  it("does what the plan says, in its order", async () => {
    const done: string[] = [];
    const { interpreter, calls } = interpreterWith(undefined, ({ kind }) => done.push(kind));
    await interpreter.run([create, annotate, remove], never);
    expect(calls.map(([method]) => method)).toEqual(["create", "mergePatch", "delete"]);
    expect(done).toEqual(["Create", "AnnotatePod", "Delete"]);
  });

  it("stops at the first failure, and before the next action when its time is up", async () => {
    const refused = interpreterWith(fails(403, "Forbidden"));
    await expect(refused.interpreter.run([create, remove], never)).rejects.toMatchObject({ status: 403 });
    expect(refused.calls).toHaveLength(1);
    const stop = new AbortController();
    const late = interpreterWith(undefined, () => stop.abort());
    await expect(late.interpreter.run([create, remove], stop.signal)).rejects.toThrow();
    expect(late.calls).toHaveLength(1);
  });

  it("lets the next reconcile see what it wrote", async () => {
    const { interpreter, offered } = interpreterWith(() => ({ written: true }));
    await interpreter.run([create, annotate], never);
    expect(offered).toEqual([{ written: true }, { written: true }]);
  });

  it("takes a create for done when the object is there already", async () => {
    await interpreterWith(fails(409, "AlreadyExists")).interpreter.run([create], never);
    await expect(interpreterWith(fails(409, "Conflict")).interpreter.run([create], never)).rejects.toThrow();
  });

  it.each([
    ["is gone", () => null],
    ["was made anew under its name", () => ({ metadata: { ...owner.metadata, uid: "another" } })],
    ["is on its way out", () => ({ metadata: { ...owner.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } })],
  ])("makes nothing for an owner that %s, whatever the cache says", async (_, find) => {
    const { interpreter, calls } = interpreterWith(undefined, undefined, async () => find());
    await interpreter.run([create], never);
    expect(calls).toEqual([]);
  });

  it("deletes only the object that was meant", async () => {
    const { interpreter, calls } = interpreterWith();
    await interpreter.run([remove], never);
    expect(calls[0]).toMatchObject(["delete", configMaps, { name: "a" }, { uid: "uid-a" }]);
    await interpreterWith(fails(409, "Conflict")).interpreter.run([remove], never);
  });

  it("annotates only the pod that was meant", async () => {
    const { interpreter, calls } = interpreterWith();
    await interpreter.run([annotate], never);
    expect(calls[0]?.[3]).toEqual({
      metadata: { uid: pod.metadata.uid, annotations: { "sweetspot.dev/nonce": "1/0" } },
    });
    await interpreterWith(fails(404, "NotFound")).interpreter.run([annotate], never);
    await interpreterWith(fails(409, "Conflict")).interpreter.run([annotate], never);
    await expect(interpreterWith(fails(422, "Invalid")).interpreter.run([annotate], never)).rejects.toThrow();
  });

  it("writes status to the object that was read, not to one of its name", async () => {
    const { interpreter, calls } = interpreterWith();
    const status: Action = { kind: "ApplyStatus", resource: configMaps, object: map, status: { ready: 1 } };
    await interpreter.run([status], never);
    expect(calls[0]?.[2]).toEqual({ metadata: map.metadata, status: { ready: 1 } });
    expect(calls[0]?.[3]).toMatchObject({ subresource: "status" });
  });

  it("tells what the API server will not have from what may work later", async () => {
    const outcome = (answer: Answer) =>
      refusalOf(() => interpreterWith(answer).interpreter.run([create], never)).then(
        (refused) => refused?.status ?? null,
        (error: ApiError) => `thrown ${error.status}`,
      );
    expect(await outcome(fails(422, "Invalid"))).toBe(422);
    expect(await outcome(fails(403, "Forbidden"))).toBe(403);
    expect(await outcome(fails(500, "InternalError"))).toBe(500);
    expect(await outcome(fails(503, "ServiceUnavailable"))).toBe("thrown 503");
    expect(await outcome(fails(409, "Conflict"))).toBe("thrown 409");
    expect(await outcome(() => ({}))).toBe(null);
  });
});
