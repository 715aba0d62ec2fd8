import { mergeConfig } from "vitest/config";
import { sharedConfig } from "./vitest.config.ts";

/** Tests that make a cluster or images: one file after the other, because each of them uses all CPUs. */
export default mergeConfig(sharedConfig, {
  test: {
    include: ["**/*.e2e.test.ts"],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 600_000,
  },
});
