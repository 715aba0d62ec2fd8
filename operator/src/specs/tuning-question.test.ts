import { InferenceDeploymentSpec, type Target, TuningRunSpec } from "@sweetspot/crds";
import { describe, expect, it } from "vitest";
import { type Changes, infd } from "../testing/objects.ts";
import { shortDigest } from "./names.ts";
import { questionOf, questionOfRun } from "./tuning-question.ts";

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

  it("keeps its digest from release to release where nothing of it changes", () => {
    expect(asked({}).variants).toEqual(["Source", "INT8Dynamic", "INT8Static"]);
  });
});
