import type { Layout } from "@sweetspot/crds";
import { nameOf, withoutBatching } from "@sweetspot/planner";
import { gridPolicies, type TruthModelName } from "./models.ts";
import type { PreparedModel } from "./prepare.ts";
import type { Recording } from "./recording.ts";

type Point = Recording["points"][number];

/** The grid of a model: every variant in every layout under every policy, and the naive default. */
function gridOf({ request, variants, cpus }: PreparedModel): Point[] {
  const naive: Layout = { instances: 1, threadsPerInstance: cpus, pinned: false, spinning: true };
  const layouts = [cpus, 1].map((instances) => ({
    instances,
    threadsPerInstance: cpus / instances,
    pinned: false,
    spinning: false,
  }));
  const points = variants.flatMap(({ variant }) =>
    layouts.flatMap((layout) =>
      gridPolicies(request).map((policy) => ({
        name: nameOf({ variant, layout, policy }),
        variant,
        layout,
        policy,
      })),
    ),
  );
  return [{ name: "naive-default", variant: "Source", layout: naive, policy: withoutBatching }, ...points];
}

/** A recording of which only the questions are known. */
export function emptyRecording(name: TruthModelName, prepared: PreparedModel): Recording {
  const { request, model, machine } = prepared;
  const groups = [...new Set(model.shapes.map(({ group }) => group))];
  return {
    format: "sweetspot-recorded-truth-1",
    model: { name, digest: model.source.digest },
    recordedAt: new Date().toISOString(),
    machine,
    target: request.target,
    batchable: model.signature.batchable,
    shapes: model.shapes.map(({ rows, length, group }) => [rows, length, groups.indexOf(group)]),
    starts: [],
    points: gridOf(prepared),
    tables: [],
    runs: [],
  };
}
