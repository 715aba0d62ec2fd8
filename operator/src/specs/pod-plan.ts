import type { ModelReference, ServingPlan } from "@sweetspot/crds";
import { paths } from "../settings.ts";
import { modelPath } from "./model-source.ts";

/** An annotation holds more, but every copy of it goes through etcd and each kubelet. */
export const mostPlanBytes = 16 * 1024;

/**
 * The tuner's plan with the paths of the serving pod. The source model is where it is mounted; a made variant is made
 * again in the pod from its recipe, which comes with the plan.
 */
export function podPlan(
  plan: ServingPlan,
  run: string,
  deployment: string,
  model: Pick<ModelReference, "file">,
): ServingPlan {
  const { variant, engine, digest, options } = plan.artifact;
  const settings = options === undefined ? {} : { options };
  const source = modelPath(model.file);
  const artifact =
    variant === "Source"
      ? { variant, engine, digest, file: source, ...settings }
      : {
          variant,
          engine,
          digest,
          ...settings,
          file: `${paths.variants}/${digest.slice("sha256:".length)}.onnx`,
          recipe: { file: "recipe", source },
        };
  return { ...plan, revision: run, modelName: deployment, artifact };
}
