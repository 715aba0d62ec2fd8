import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { ocrModels } from "@sweetspot/test";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BuiltImage, buildImages } from "./build-images.ts";
import { ProgramError, runProgram } from "./run-program.ts";
import type { TargetName } from "./targets.ts";
import { canBuildImages, coldBuildMilliseconds, reasonToSkip } from "./testing/requirements.ts";
import { largestDifference, Serving } from "./testing/serving.ts";
import { UnpackedImage } from "./testing/unpacked-image.ts";

const target: TargetName = "tuner";
let built: BuiltImage;
let image: UnpackedImage;

describe.skipIf(!canBuildImages)(`the image of the tuner, which is the server's with Python${reasonToSkip}`, () => {
  beforeAll(async () => {
    ({ [target]: built } = await buildImages({ targets: [target], builder: "buildah" }));
    image = await UnpackedImage.open(built.archive);
  }, coldBuildMilliseconds);
  afterAll(() => image?.close());

  /** Runs a command to its end as a pod would. */
  const run = (...words: string[]) => {
    const [file = "", ...rest] = image.command(dirname(ocrModels.recogniser), ...words);
    return runProgram(file, rest);
  };

  it("is named as pods name it, and runs as a user without rights", () => {
    expect(image.tags).toEqual(["sweetspot.dev/tuner:dev"]);
    const { User, Entrypoint } = image.config.config;
    expect({ User, Entrypoint }).toEqual({ User: "65532:65532", Entrypoint: ["sweetspot"] });
  });

  it("is found in the cache when nothing changed", async () => {
    const first = await buildImages({ targets: [target], builder: "buildah" });
    const second = await buildImages({ targets: [target], builder: "buildah" });
    expect(second[target]).toEqual({ ...first[target], cached: true });
  });

  it("holds programs and libraries of this machine's kind only, and of ONNX Runtime those for the CPU", async () => {
    const files = await image.files();
    expect(image.foreignBinaries(files)).toEqual([]);
    const engine = files.filter((path) => path.startsWith("app/node_modules/onnxruntime-node/bin/"));
    const folder = `app/node_modules/onnxruntime-node/bin/napi-v6/linux/${process.arch}`;
    expect(engine.sort()).toEqual([`${folder}/libonnxruntime.so.1`, `${folder}/onnxruntime_binding.node`]);
  });

  it("holds no sources in TypeScript, no tests, no caches and no settings of the machine it was built on", async () => {
    const files = (await image.files()).filter((path) => /^(app|opt|root|tmp|etc|var)\//.test(path));
    const ours = files.filter((path) => path.startsWith("app/") || path.startsWith("opt/"));
    expect(ours.length).toBeGreaterThan(1000);
    expect(ours.filter((path) => /\.[cm]?ts$|\.map$|\.test\.|\/test_quantize/.test(path))).toEqual([]);
    expect(ours.filter((path) => /node_modules\/(@[^/]+\/)?[^/]+\/(tests?|docs?|examples?)\//.test(path))).toEqual([]);
    const ownSettings = /^(root|tmp)\/(?!\.bashrc|\.profile)|_cacache|\.npmrc$|pip\.conf$|^etc\/apt\/sources/;
    expect(files.filter((path) => ownSettings.test(path))).toEqual([]);
  });

  it("cannot be written to by its user, except in /tmp", async () => {
    expect((await run("id", "-u")).trim()).toBe("65532");
    await expect(run("touch", "/app/x")).rejects.toThrow(ProgramError);
    await run("touch", "/tmp/x");
  });

  it("serves the text recogniser, answers as ONNX Runtime does, and ends with 0 on SIGTERM", async () => {
    const command = image.command(dirname(ocrModels.recogniser), "sweetspot", "serve");
    const serving = await Serving.start(command, join("/mnt/model", ocrModels.recogniser.split("/").at(-1) ?? ""));
    try {
      const { served, direct } = await serving.recognise(7);
      expect(direct.length).toBeGreaterThan(6625);
      expect(largestDifference(served, direct)).toBeLessThan(1e-4);
    } finally {
      expect(await serving.stop()).toBe(0);
    }
  });

  it("makes variants with a Python of its own", async () => {
    const usage = await run("/opt/sweetspot/python/bin/python", "/app/tuner/python/quantize.py", "--help");
    expect(usage).toMatch(/usage: quantize\.py/);
    const script =
      'import("/app/tuner/dist/variants/python-environment.js").then((m) => m.findPython()).then((p) => console.log(JSON.stringify(p)))';
    const found = JSON.parse(await run("node", "--eval", script));
    expect(found).toMatchObject({ executable: "/opt/sweetspot/python/bin/python" });
    expect(found.versions.python).toMatch(/^3\.11\./);
    expect(existsSync(join(image.root, "opt/sweetspot/python/bin/pip"))).toBe(false);
  });
});
