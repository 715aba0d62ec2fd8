import { mergeConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { sharedConfig } from "./vitest.config.ts";

/** Whole clusters take longest: they begin first. */
class ScenariosFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isScenario = ({ moduleId }: TestSpecification) => moduleId.includes("/test/src/e2e/");
    return files.toSorted((a, b) => Number(isScenario(b)) - Number(isScenario(a)));
  }
}

/** Tests that make a cluster or images: each waits most of its time, so that four at once leave the CPUs some rest. */
export default mergeConfig(sharedConfig, {
  test: {
    include: ["**/*.e2e.test.ts"],
    globalSetup: ["scripts/test-images.ts"],
    sequence: { sequencer: ScenariosFirst },
    maxWorkers: 4,
    testTimeout: 360_000,
    hookTimeout: 600_000,
  },
});
