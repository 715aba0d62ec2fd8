import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/.cache/**"],
    // Engine processes and real models: two files at once keep both CPUs busy without starving each other.
    maxWorkers: 2,
    // ONNX Runtime 1.30 reports the use of models to its maker unless told not to.
    env: { ORT_DISABLE_TELEMETRY: "1" },
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
