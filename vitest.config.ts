import { join } from "node:path";
import { defineConfig, mergeConfig } from "vitest/config";

/** What all tests of the project have in common. */
export const sharedConfig = defineConfig({
  test: {
    exclude: ["**/node_modules/**", "**/.cache/**"],
    env: {
      // ONNX Runtime 1.30 reports the use of models to its maker unless told not to.
      ORT_DISABLE_TELEMETRY: "1",
      // Servers, engines and commands are started hundreds of times: a quarter of a second less of CPU time for each.
      NODE_COMPILE_CACHE: join(import.meta.dirname, ".cache", "compile"),
    },
  },
});

/** Those that decide, on data and virtual time. */
const deciding = "{bench,crds,demo,images,operator,planner,proof,scripts}/**/*.test.ts";
/** Those that convert models with Python tools: much computing, and no clock. */
const converting = [
  "tuner/src/variants/**/*.test.ts",
  "tuner/src/stages/make-variants.test.ts",
  "test/src/integration/tune-{digits,failing-variants}.test.ts",
];
/** Those that act: servers, engines, load. */
const acting = "{cli,sidecar,test,tuner}/**/*.test.ts";
const onApiServer = "**/*.integration.test.ts";

export default mergeConfig(sharedConfig, {
  test: {
    // Those have a configuration of their own.
    exclude: ["**/*.e2e.test.ts"],
    // Engine processes and real models: two files at once keep both CPUs busy without starving each other.
    maxWorkers: 2,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        // They share nothing but modules. Half of their time would go into loading those anew for each file.
        test: { name: "decisions", include: [deciding], exclude: [onApiServer], isolate: false, testTimeout: 120_000 },
      },
      { extends: true, test: { name: "conversions", include: converting, testTimeout: 120_000 } },
      { extends: true, test: { name: "api-server", include: [onApiServer], testTimeout: 30_000 } },
      {
        extends: true,
        test: { name: "processes", include: [acting], exclude: [onApiServer, ...converting], testTimeout: 30_000 },
      },
    ],
  },
});
