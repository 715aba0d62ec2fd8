import { describe, expect, it } from "vitest";
import { isUnusedNodeFile, isUnusedPythonFile } from "./prune.ts";

const machine = { platform: "linux", architecture: "arm64" };
const unused = (path: string) => isUnusedNodeFile(`node_modules/${path}`, machine);

describe("what an image needs of a production install", () => {
  it.each([
    "fastify/fastify.js",
    "zod/package.json",
    "zod/LICENSE.md",
    "@huggingface/tokenizers/dist/index.js",
    "onnxruntime-node/bin/napi-v6/linux/arm64/libonnxruntime.so.1",
    "onnxruntime-node/bin/napi-v6/linux/arm64/onnxruntime_binding.node",
    "onnxruntime-node/dist/index.js",
    "some/lib/test/runtime.js",
    "some/prebuilds/linux-arm64/addon.node",
    "some/node_modules/other/index.mjs",
  ])("keeps %s", (path) => {
    expect(unused(path)).toBe(false);
  });

  it.each([
    "onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1",
    "onnxruntime-node/bin/napi-v6/darwin/arm64/libonnxruntime.1.dylib",
    "onnxruntime-node/bin/napi-v6/linux/arm64/libonnxruntime_providers_cuda.so",
    "onnxruntime-node/script/install.js",
    "some/prebuilds/darwin-arm64/addon.node",
    "zod/index.d.cts",
    "zod/src/index.ts",
    "zod/README.md",
    "undici/index.js.map",
    "fastify/test/server.js",
    "@scope/name/docs/page.html",
    "pino/test/fixtures/node_modules/file.js",
    "some/lib/thing.test.js",
  ])("drops %s", (path) => {
    expect(unused(path)).toBe(true);
  });
});

describe("what an image needs of the Python packages", () => {
  it.each(["numpy/testing/__init__.py", "onnx/onnx_ml_pb2.py", "sympy/core/tests.py"])("keeps %s", (path) => {
    expect(isUnusedPythonFile(path)).toBe(false);
  });

  it.each(["bin/f2py", "sympy/core/tests/test_a.py", "onnx/backend/test/case/x.py", "numpy/__init__.pyi"])(
    "drops %s",
    (path) => {
      expect(isUnusedPythonFile(path)).toBe(true);
    },
  );
});
