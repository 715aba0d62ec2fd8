import { describe, expect, it } from "vitest";
import { isOver, isReady, problemOf } from "./pods/pod-state.ts";
import type { Job, Node, Pod } from "./resources.ts";
import * as statuses from "./testing/kubelet-statuses.ts";
import { readyStatus, serverPod } from "./testing/objects.ts";
import { trimJob, trimNode, trimPod } from "./trims.ts";

/** What a pod has besides, most of its size. */
const others = {
  metadata: { generateName: "ocr-x64-", managedFields: [{ manager: "kubelet" }] },
  spec: { volumes: [{ name: "model" }], tolerations: [{ key: "a" }], schedulerName: "default-scheduler" },
  status: { hostIP: "10.0.0.1", podIPs: [{ ip: "10.0.0.7" }] },
};
const withOthers = (pod: Pod): Pod =>
  ({
    ...pod,
    metadata: { ...pod.metadata, ...others.metadata },
    spec: { ...pod.spec, ...others.spec },
    status: { ...pod.status, ...others.status },
  }) as unknown as Pod;

const situations = {
  ready: readyStatus,
  "without a node": statuses.noRoom,
  "without its claim": statuses.noClaim,
  "being made": statuses.creating("server"),
  "without its image": statuses.imageBackOff("server", "not found"),
  "that crashed": statuses.crashLoop({ message: "no model", exitCode: 3 }),
  evicted: statuses.evicted,
  "that ended": statuses.tunerEnded({ message: "{}", exitCode: 0 }),
};

describe("what caches keep", () => {
  it.each(Object.entries(situations))("says of a pod %s all that the whole one says", (_, status) => {
    const whole = withOthers(serverPod({ status, annotations: { "sweetspot.dev/nonce": "1/0" } }));
    const kept = trimPod(whole);
    expect([problemOf(kept), isReady(kept), isOver(kept)]).toEqual([problemOf(whole), isReady(whole), isOver(whole)]);
    const { managedFields: _fields, ...metadata } = whole.metadata as Pod["metadata"] & { generateName?: string };
    delete metadata.generateName;
    expect(kept.metadata).toEqual(metadata);
    expect(kept.status).toEqual(status);
    expect(kept.spec).toEqual(serverPod({}).spec);
  });

  it("is of a Job what became of it, and of a node its labels", () => {
    const metadata = { name: "a", uid: "uid-a", resourceVersion: "7", labels: { disk: "ssd" } };
    const job: Job = { metadata, spec: { template: {} }, status: { active: 1 } };
    expect(trimJob(job)).toEqual({ metadata, status: { active: 1 } });
    const node = { metadata: { ...metadata, annotations: { a: "b" } }, status: { allocatable: { cpu: "2" } } };
    expect(trimNode(node as Node)).toEqual({ metadata });
  });
});
