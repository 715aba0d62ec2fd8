import { modelSourceOf } from "@sweetspot/crds";
import type { Action, ApplyAction } from "../actions/action.ts";
import {
  configMaps,
  deployments,
  disruptionBudgets,
  inferenceDeployments,
  serviceAccounts,
  services,
} from "../resources.ts";
import type { Manifest, Resource } from "../runtime/index.ts";
import { historyConfigMap } from "../specs/history-config-map.ts";
import { mountedModel } from "../specs/model-source.ts";
import { ownerReference } from "../specs/owner.ts";
import { serverDeployment } from "../specs/server-deployment.ts";
import { disruptionBudget, inferenceService, planConfigMap, serverAccount } from "../specs/target-children.ts";
import type { Observed } from "./observed.ts";
import type { TargetState } from "./target-state.ts";

/** What new pods start with comes before the pods, and what names them before what finds them. */
export function childActions(observed: Observed, states: readonly TargetState[]): Action[] {
  const { infd, spec, leftovers } = observed;
  const { name } = infd.metadata;
  const leaving = leftovers.map(({ resource, object }): Action => ({ kind: "Delete", resource, object }));
  // What was served before goes on being served: a source that cannot be mounted must not take it down.
  if (modelSourceOf(spec.model.uri).kind === "Unsupported") return leaving;
  const apply = (resource: Resource, manifest: Manifest) => applyOwned(observed, resource, manifest);
  return [
    apply(services, inferenceService(name)),
    ...states.flatMap((state) => targetActions(observed, state)),
    ...leaving,
  ];
}

function targetActions(observed: Observed, state: TargetState): Action[] {
  const { infd, spec, settings } = observed;
  const { name } = infd.metadata;
  const { target, serving, stored, candidate, replicas, ready } = state;
  const model = mountedModel(spec.model, settings);
  if (model === null) return [];
  const active =
    serving === null
      ? null
      : {
          plan: JSON.stringify(serving.plan),
          ...(serving.recipe === undefined ? {} : { recipe: serving.recipe }),
          ...(candidate?.recipe === undefined ? {} : { trialRecipe: candidate.recipe }),
        };
  const scale = { replicas, serving: ready.length > 0 };
  const apply = (resource: Resource, manifest: Manifest) => applyOwned(observed, resource, manifest);
  const history = stored === null ? null : historyConfigMap(name, target.name, stored.history, stored.plans);
  return [
    // What was decided is written down before it is done.
    ...(history === null ? [] : [apply(configMaps, history)]),
    apply(serviceAccounts, serverAccount(name, target.name)),
    apply(configMaps, planConfigMap(name, target.name, active)),
    apply(disruptionBudgets, disruptionBudget(name, target.name)),
    apply(deployments, serverDeployment({ deployment: name, spec, target, model, settings }, scale)),
  ];
}

/** Server-side apply of a child that belongs to the InferenceDeployment. */
export function applyOwned({ infd }: Observed, resource: Resource, manifest: Manifest): ApplyAction {
  const namespace = infd.metadata.namespace as string;
  const ownerReferences = [ownerReference(inferenceDeployments, infd)];
  return {
    kind: "Apply",
    resource,
    manifest: { ...manifest, metadata: { ...manifest.metadata, namespace, ownerReferences } },
  };
}
