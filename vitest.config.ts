import { defineConfig, mergeConfig } from "vitest/config";

/** What all tests of the project have in common. */
export const sharedConfig = defineConfig({
  test: {
    exclude: ["**/node_modules/**", "**/.cache/**"],
    // ONNX Runtime 1.30 reports the use of models to its maker unless told not to.
    env: { ORT_DISABLE_TELEMETRY: "1" },
  },
});

export default mergeConfig(sharedConfig, {
  test: {
    include: ["**/*.test.ts"],
    // Those have a configuration of their own.
    exclude: ["**/*.e2e.test.ts"],
    // Engine processes and real models, and many a test that waits: three files at once keep two CPUs busy.
    maxWorkers: 3,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
