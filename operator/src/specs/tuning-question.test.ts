import { InferenceDeploymentSpec, type Target, TuningRunSpec } from "@sweetspot/crds";
import { describe, expect, it } from "vitest";
import { type Changes, infd } from "../testing/objects.ts";
import { shortDigest } from "./names.ts";
import { questionOf, questionOfRun, stillServes } from "./tuning-question.ts";

const asked = (changes: Changes) => {
  const spec = InferenceDeploymentSpec.parse(infd(changes).spec);
  return questionOf("ocr", spec, spec.targets[0] as Target);
};

describe("a question", () => {
  it("is the same in whatever order the API server keeps what has none", () => {
    const uri = "s3://models/ocr";
    const one = asked({
      "spec.model": { uri, additionalFiles: ["b.data", "a.data"] },
      "spec.tuning.variants": ["INT8Static", "Source", "INT8Dynamic"],
    });
    const other = asked({ "spec.model": { uri, additionalFiles: ["a.data", "b.data"] } });
    expect(shortDigest(one)).toBe(shortDigest(other));
    const stored = TuningRunSpec.parse({ ...other, variants: other.variants.toReversed(), attempt: 2 });
    expect(questionOfRun(stored)).toEqual(other);
  });

  it("is the same without further files and with an empty list of them", () => {
    expect(asked({ "spec.model.additionalFiles": [] })).toEqual(asked({}));
  });

  it("is the same with claims in another order, and without devices and with an empty map of them", () => {
    const [a, b] = ["a", "b"].map((name) => ({ name, resourceClaimName: name }));
    const claims = (list: unknown[]) => asked({ "spec.targets.0.resources.claims": list });
    expect(claims([a, b])).toEqual(claims([b, a]));
    expect(asked({ "spec.targets.0.resources.devices": {} })).toEqual(asked({}));
  });

  it("is another one on other devices or under another runtime", () => {
    const plain = asked({});
    for (const changes of [
      { "spec.targets.0.resources.devices": { "nvidia.com/gpu": "1" } },
      { "spec.targets.0.runtimeClassName": "kata" },
    ]) {
      expect(shortDigest(asked(changes))).not.toBe(shortDigest(plain));
      expect(stillServes(asked(changes), plain)).toBe(false);
    }
  });

  it("is the same wherever what it makes is kept", () => {
    const kept = asked({ "spec.artifactStore": { uri: "pvc://artifacts" } });
    expect(kept).toEqual(asked({}));
    expect(questionOfRun(TuningRunSpec.parse({ ...kept, artifactStore: { uri: "pvc://artifacts" } }))).toEqual(kept);
  });

  it("keeps its digest from release to release where nothing of it changes", () => {
    expect(asked({}).variants).toEqual(["Source", "INT8Dynamic", "INT8Static"]);
  });
});
