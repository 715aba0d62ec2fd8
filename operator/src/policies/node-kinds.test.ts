import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { classOfMost, judgeNodes, kindInWords, likenessOf, type NodeKind, type PodOnNode } from "./node-kinds.ts";

const epyc = { model: "AMD EPYC 7763", architecture: "x64" };
const xeon = { model: "Intel Xeon 8481C", architecture: "x64" };
const kind = (labels: NodeKind["labels"], cpu?: NodeKind["cpu"]): NodeKind => ({ labels, cpu });
const measured = kind({ type: "m6a", zone: "a" }, epyc);
const on = (pod: string, where: NodeKind): PodOnNode => ({ uid: pod, pod, node: `node-of-${pod}`, kind: where });

describe("the node of a pod", () => {
  it.each([
    ["is of the kind that was measured", kind({ type: "m6a", zone: "a" }, epyc), "Same"],
    ["is confirmed by its labels where no program has told of its CPU", kind({ type: "m6a", zone: "a" }), "Same"],
    ["is confirmed by its CPU where its labels are not known", kind(undefined, epyc), "Same"],
    ["is of the same kind with one label more", kind({ type: "m6a", zone: "a", new: "1" }, epyc), "Same"],
    ["is of another kind by its labels, whatever its CPU", kind({ type: "m6a", zone: "b" }, epyc), "OtherLabels"],
    ["is of another kind without a label that was measured", kind({ type: "m6a" }, epyc), "OtherLabels"],
    ["is of another kind by its CPU, whatever its labels", kind({ type: "m6a", zone: "a" }, xeon), "OtherCpu"],
    ["is unknown where nothing tells", kind(undefined), "Unknown"],
  ])("%s", (_, present, likeness) => {
    expect(likenessOf(measured, present)).toBe(likeness);
  });

  it("is never held against labels that no run noted", () => {
    expect(likenessOf(kind(undefined, epyc), kind({ type: "other" }, epyc))).toBe("Same");
    expect(likenessOf(kind(undefined), kind({ type: "other" }, epyc))).toBe("Unknown");
  });
});

describe("the nodes of a target", () => {
  const [same, other, third] = [measured, kind({ type: "m7i", zone: "a" }, xeon), kind({ type: "c7g", zone: "a" })];

  it("are unknown where nothing was measured, there are no pods, or none tells", () => {
    expect(judgeNodes(null, [on("a", same)]).kind).toBe("Unknown");
    expect(judgeNodes(measured, []).kind).toBe("Unknown");
    expect(judgeNodes(measured, [on("a", kind(undefined))]).kind).toBe("Unknown");
  });

  it("are mixed while one pod runs where it was measured, and changed when none does any more", () => {
    expect(judgeNodes(measured, [on("a", same), on("b", kind(undefined))]).kind).toBe("Alike");
    const pods = [on("d", third), on("c", other), on("b", other)];
    expect(judgeNodes(measured, [on("a", same), ...pods])).toMatchObject({ kind: "Mixed", pods: 4, others: 3 });
    expect(judgeNodes(measured, pods)).toMatchObject({ kind: "Changed", pods: 3, others: 3, example: { pod: "b" } });
  });

  it("are judged alike in whatever order pods come", () => {
    const pods = ["a", "b", "c", "d", "e"].map((name, index) => on(name, [same, other, third][index % 3] as NodeKind));
    const whole = judgeNodes(measured, pods);
    fc.assert(
      fc.property(fc.shuffledSubarray(pods, { minLength: pods.length }), (shuffled) => {
        expect(judgeNodes(measured, shuffled)).toEqual(whole);
        expect(classOfMost(shuffled)).toEqual(classOfMost(pods));
      }),
    );
  });

  it("have the class that most pods run on, by labels alone", () => {
    expect(classOfMost([on("a", same), on("b", other), on("c", kind(other.labels))])).toEqual(other.labels);
    expect(classOfMost([on("a", same), on("b", other)])).toEqual(same.labels);
    expect(classOfMost([on("a", kind({})), on("b", kind(undefined))])).toBeUndefined();
  });
});

describe("a kind in words", () => {
  it("names the CPU where it is known, and the labels that matter", () => {
    expect(kindInWords(measured, ["type"])).toBe("AMD EPYC 7763 (x64) with type=m6a");
    expect(kindInWords(kind({}), ["type"])).toBe("nodes with no type");
    expect(kindInWords(measured, [])).toBe("AMD EPYC 7763 (x64)");
  });
});
