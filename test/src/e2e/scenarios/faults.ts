import { describe, expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import { modelImages } from "../model-images.ts";
import { fractional, inferenceDeployment, namespace } from "../objects.ts";
import type { World } from "../world.ts";

const untuned = { tuning: { mode: "Disabled" } };
const missingImage = "sweetspot.dev/models/nowhere:1";

interface Fault {
  readonly name: string;
  readonly what: string;
  readonly image: string;
  readonly target?: object;
  /** Condition, status and reason that it ends in. */
  readonly expected: readonly [type: string, status: string, reason: string];
  /** The sentence names what is wrong. */
  readonly message: RegExp;
  /** A merge patch of spec that mends it. */
  readonly mended: object;
}

const faults: readonly Fault[] = [
  {
    name: "broken-file",
    what: "a model file that is none",
    image: modelImages.broken,
    expected: ["ModelResolved", "False", "ModelFileBroken"],
    message: /model\.onnx/,
    mended: { model: { uri: `oci://${modelImages.tiny}` } },
  },
  {
    name: "no-image",
    what: "an image that does not exist",
    image: missingImage,
    expected: ["ModelResolved", "False", "ImageCannotBePulled"],
    message: new RegExp(missingImage),
    mended: { model: { uri: `oci://${modelImages.tiny}` } },
  },
  {
    name: "no-node",
    what: "a node selector that matches nothing",
    image: modelImages.tiny,
    target: { nodeSelector: { "sweetspot.test/nowhere": "true" } },
    expected: ["Ready", "False", "PodsUnschedulable"],
    message: /node/,
    mended: { targets: [{ name: "cpu", resources: fractional }] },
  },
];

/** What users get wrong: each ends in a condition with reason and sentence, and recovers when it is mended. */
export function userFaults(world: () => World): void {
  describe("what is wrong is said within 60 s, and mended", () => {
    test("all faults are applied", async () => {
      const objects = faults.map(({ name, image, target }) =>
        inferenceDeployment({ name, image, resources: fractional, spec: untuned, ...(target && { target }) }),
      );
      await world().cluster.kubectl.apply(objects);
    });

    test.each(faults)("$what ends in $expected", async ({ name, expected, message }) => {
      const [type, status, reason] = expected;
      const found = await eventually(
        `${name} is ${reason}`,
        async () => {
          const condition = await world().view.condition(name, type);
          return condition.status === status && condition.reason === reason && condition;
        },
        { seconds: 60, everyMilliseconds: 500 },
      );
      expect(found.message).toMatch(message);
      expect(await world().view.condition(name, "Stalled")).toMatchObject({ status: "True" });
    });

    test("all faults are mended", async () => {
      const { cluster } = world();
      for (const { name, mended } of faults) {
        const patch = JSON.stringify({ spec: mended });
        await cluster.kubectl("patch", "infd", name, "-n", namespace, "--type=merge", "-p", patch);
      }
    });

    test.each(faults)("$what recovers", async ({ name }) => {
      const { cluster } = world();
      await cluster.kubectl("wait", "-n", namespace, `infd/${name}`, "--for=condition=Ready", "--timeout=60s");
      await eventually(
        `${name} is not stalled any more`,
        async () => (await world().view.condition(name, "Stalled")).status === "False",
        { seconds: 30 },
      );
      await cluster.kubectl("delete", "infd", name, "-n", namespace, "--wait=false");
    });

    test("a spec that breaks a rule is refused by the API server with the rule's sentence", async () => {
      const wrong = inferenceDeployment({
        name: "refused",
        image: modelImages.tiny,
        spec: { workload: { samples: {} } },
      });
      await expect(world().cluster.kubectl.apply(wrong)).rejects.toThrow(/exactly one of configMap and file/);
    });

    test("a source that cannot be read yet is named, and taken once it can", async () => {
      const { cluster, view } = world();
      const name = "other-source";
      const spec = { ...untuned, model: { uri: "ftp://host/model" } };
      await cluster.kubectl.apply(inferenceDeployment({ name, image: modelImages.tiny, resources: fractional, spec }));
      await eventually(
        "the source is not supported",
        async () => (await view.condition(name, "ModelResolved")).reason === "SourceNotSupported",
        { seconds: 60 },
      );
      const patch = JSON.stringify({ spec: { model: { uri: `oci://${modelImages.tiny}` } } });
      await cluster.kubectl("patch", "infd", name, "-n", namespace, "--type=merge", "-p", patch);
      await cluster.kubectl("wait", "-n", namespace, `infd/${name}`, "--for=condition=Ready", "--timeout=60s");
      await cluster.kubectl("delete", "infd", name, "-n", namespace, "--wait=false");
    });
  });
}
