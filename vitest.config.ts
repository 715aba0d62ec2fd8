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
    // Engine processes and real models: two files at once keep both CPUs busy without starving each other.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
