import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildImages } from "./build-images.ts";
import { runProgram } from "./run-program.ts";
import { canBuildImages, coldBuildMilliseconds, reasonToSkip } from "./testing/requirements.ts";
import { UnpackedImage } from "./testing/unpacked-image.ts";

let image: UnpackedImage;

describe.skipIf(!canBuildImages)(`the image of the operator${reasonToSkip}`, () => {
  beforeAll(async () => {
    const { operator } = await buildImages({ targets: ["operator"], builder: "buildah" });
    image = await UnpackedImage.open(operator.archive);
  }, coldBuildMilliseconds);
  afterAll(() => image?.close());

  it("holds no engine, no Python, and nothing for another machine", async () => {
    const files = await image.files();
    expect(files).toContain("app/operator/dist/main.js");
    expect(files.filter((path) => /onnxruntime|^app\/(cli|sidecar|tuner)\/|bin\/python/.test(path))).toEqual([]);
    expect(image.foreignBinaries(files)).toEqual([]);
  });

  it("starts as a user without rights on a read-only root, and says what its environment lacks", async () => {
    expect(image.config.config.User).toBe("65532:65532");
    const [file = "", ...words] = image.command("/tmp", ...image.config.config.Entrypoint);
    await expect(runProgram(file, words)).rejects.toThrow(/environment is not complete/);
  });
});
