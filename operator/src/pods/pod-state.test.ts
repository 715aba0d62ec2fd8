import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Pod } from "../resources.ts";
import * as statuses from "../testing/kubelet-statuses.ts";
import { readyStatus, serverPod, settings } from "../testing/objects.ts";
import {
  isOver,
  isReady,
  isTerminating,
  missingClaim,
  type PodProblem,
  problemOf,
  sinceMilliseconds,
} from "./pod-state.ts";

const own = settings.serverImage;
const model = "registry.example.com/models/ocr:1";
const at = (status: Pod["status"]) => serverPod({ status });

const problems: readonly [string, Pod["status"], Partial<PodProblem> | null][] = [
  ["nothing while it runs", readyStatus, null],
  ["nothing before anybody has looked at it", {}, null],
  ["nothing while its container is made", statuses.creating("server"), null],
  [
    "an image of its own that is not there",
    statuses.imageNotFound("server", own),
    { kind: "ImageCannotBePulled", image: own, detail: expect.stringContaining("not found") },
  ],
  ["an image that is tried again", statuses.imageBackOff("server", own), { kind: "ImageCannotBePulled", image: own }],
  [
    "the image of a volume by its own name, not the container's",
    statuses.imageBackOff("server", model),
    { kind: "ImageCannotBePulled", image: model },
  ],
  ["an image that may not be pulled", statuses.neverPulled("server", own), { kind: "ImageCannotBePulled", image: own }],
  [
    "a node with no room, in the scheduler's words",
    statuses.noRoom,
    { kind: "Unschedulable", detail: expect.stringMatching(/Insufficient cpu.*scheduling$/) },
  ],
  ["a selector that matches nothing", statuses.noSuchNode, { kind: "Unschedulable" }],
  [
    "a ConfigMap that is missing",
    statuses.noConfigMap("server"),
    { kind: "CannotMount", detail: 'configmap "ocr-samples" not found' },
  ],
  ["a folder that the claim lacks", statuses.noSubPath("server"), { kind: "CannotMount" }],
  [
    "a crash by the last line that it left",
    statuses.crashLoop({ exitCode: 3, message: "starting\nThe model file is not an ONNX model.\n\n" }),
    { kind: "Crashed", exitCode: 3, detail: "The model file is not an ONNX model" },
  ],
  [
    "a crash without a word by the kubelet's reason",
    statuses.crashLoop({ exitCode: 137, reason: "OOMKilled" }),
    { kind: "Crashed", exitCode: 137, detail: "OOMKilled" },
  ],
  [
    "a model that cannot be fetched",
    statuses.cannotFetch("sweetspot: There is no https://host/model.onnx.\n"),
    { kind: "CannotFetch", detail: "sweetspot: There is no https://host/model.onnx" },
  ],
  ["nothing when a container ended well", statuses.crashLoop({ exitCode: 0 }), null],
];

describe("the problem of a pod", () => {
  it.each(problems)("is %s", (_, status, problem) => {
    const found = problemOf(at(status));
    if (problem === null) expect(found).toBeNull();
    else expect(found).toMatchObject(problem);
  });

  /** A container that runs after a crash. */
  const runningAgain = (started: boolean) => {
    const [container] = statuses.crashLoop({ exitCode: 3 }).containerStatuses ?? [];
    return { ...container, name: "server", started, state: { running: {} } };
  };

  it("is no past crash once it has started again", () => {
    expect(problemOf(at({ ...readyStatus, containerStatuses: [runningAgain(true)] }))).toBeNull();
  });

  it("stays the past crash while it tries again, or else conditions would come and go with every try", () => {
    const trying = { ...statuses.crashLoop({}), containerStatuses: [runningAgain(false)] };
    expect(problemOf(at(trying))).toMatchObject({ kind: "Crashed", exitCode: 3 });
  });

  it("is short and one line, whatever is said", () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 5000, unit: "binary" }),
        fc.constantFrom("message", "waiting"),
        (text, place) => {
          const status =
            place === "message" ? statuses.crashLoop({ message: text }) : statuses.imageNotFound("server", text);
          const { detail = "" } = problemOf(at(status)) ?? {};
          expect(detail.length).toBeLessThanOrEqual(400);
          expect(detail).not.toMatch(/[\n\r]/);
        },
      ),
    );
  });
});

it("the claim that a pod waits for is known by name", () => {
  expect(missingClaim(problemOf(at(statuses.noClaim)))).toBe("models");
  expect(missingClaim(problemOf(at(statuses.noRoom)))).toBeNull();
});

describe("a pod", () => {
  it("is ready when the kubelet says so and it is not on its way out", () => {
    expect(isReady(at(readyStatus))).toBe(true);
    expect(isReady(at(statuses.crashLoop({})))).toBe(false);
    const leaving = at(readyStatus);
    const deleted = { ...leaving, metadata: { ...leaving.metadata, deletionTimestamp: "2026-03-14T09:29:00Z" } };
    expect([isReady(deleted), isTerminating(deleted)]).toEqual([false, true]);
  });

  it.each([
    ["evicted", statuses.evicted, true],
    ["ended", statuses.tunerEnded({}), true],
    ["crashing again and again", statuses.crashLoop({}), false],
    ["running", readyStatus, false],
  ])("that is %s is over: %s", (_, status, over) => {
    expect(isOver(at(status))).toBe(over);
  });
});

it("no time has passed since no instant, or since one of the future", () => {
  expect(sinceMilliseconds(undefined, 5000)).toBe(0);
  expect(sinceMilliseconds("1970-01-01T00:00:09Z", 5000)).toBe(0);
  expect(sinceMilliseconds("1970-01-01T00:00:01Z", 5000)).toBe(4000);
});
