import { sha256 } from "@sweetspot/crds";
import { describe, expect, it } from "vitest";
import { elementwiseModel, writeOnnx } from "../../test/src/builders/onnx-model.ts";
import { checkModelDigest, parseDigest } from "./model-digest.ts";

describe("the digest of a model", () => {
  it("lets the file pass that was meant, and any file where nobody said which", async () => {
    const model = elementwiseModel();
    const file = await writeOnnx(model);
    await expect(checkModelDigest(file, sha256(model))).resolves.toBeUndefined();
    await expect(checkModelDigest(file, undefined)).resolves.toBeUndefined();
  });

  it("stops another file with a sentence that holds both digests", async () => {
    const file = await writeOnnx(elementwiseModel());
    const other = sha256("another");
    await expect(checkModelDigest(file, other)).rejects.toMatchObject({
      exit: "BadInput",
      message: expect.stringMatching(new RegExp(`digest sha256:[0-9a-f]{64}, not ${other}`)),
    });
  });

  it("takes only what sha256sum prints", () => {
    expect(parseDigest(sha256("x"))).toBe(sha256("x"));
    expect(() => parseDigest("sha256:12")).toThrow(/no digest/);
  });
});
