import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { InferenceDeploymentSpec } from "@sweetspot/crds";
import { changed, minimal } from "@sweetspot/crds/testing";
import fc from "fast-check";
import { parse } from "yaml";
import { changedLeaves, type Field, fieldsOf, type Schema, specSchema } from "./spec-schema.ts";

type Spec = InferenceDeploymentSpec;

const sample = join(import.meta.dirname, "..", "..", "..", "crds", "samples", "InferenceDeployment.full.yaml");

const written = parse(readFileSync(sample, "utf8"));

/**
 * Specs to change: one with the least in it, one with every field set, and one for changes that the rules forbid beside other fields. Few
 * replicas, because each is a server.
 */
const bases: readonly Spec[] = [
  minimal.InferenceDeployment,
  changed(written, { "spec.autoscaling": { minReplicas: 2, maxReplicas: 2, scaleDownSeconds: 600 } }),
  changed(written, {
    "spec.autoscaling": undefined,
    "spec.targets.0.tolerations": [{ key: "dedicated", operator: "Exists" }],
    "spec.targets.0.resources.claims": [{ name: "gpu", resourceClaimName: "shared-gpu" }],
    "spec.workload.samples": { file: "labelled.jsonl" },
    "spec.rollout": {},
  }),
].map(({ spec }) => {
  const some = spec as { readonly autoscaling?: object };
  return InferenceDeploymentSpec.parse({ ...some, replicas: some.autoscaling === undefined ? 2 : 1 });
});
const [, full] = bases as [Spec, Spec];

const name = "[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?";
const claim = `pvc://${name}(/[a-z]{1,9})?`;
const sources = [
  "oci://registry.example.com/[a-z]{1,9}/[a-z]{1,9}:v[0-9]",
  claim,
  "https://[a-z]{1,9}.example.com(/[a-z]{1,9})?",
  "s3://[a-z]{3,9}/[a-z]{1,9}",
  "hf://[a-z]{1,9}/[a-z]{1,9}(@[0-9a-f]{8})?",
  "ftp://[a-z]{1,9}/[a-z]{1,9}",
];
const labelKey = fc.stringMatching(
  /^([a-z]([-a-z0-9]{0,9}[a-z0-9])?\.example\.com\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,9}[A-Za-z0-9])?$/,
);

/** The API server takes no pod of a RuntimeClass that is not there: whoever uses these specs makes those. */
export const runtimeClasses = ["nvidia", "kata"] as const;

/** Where the schema alone would lead to what is hardly ever right, or to more pods than a test has room for. */
const hints: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  "model.uri": fc.constantFrom(...sources).chain((source) => fc.stringMatching(new RegExp(`^${source}$`))),
  "artifactStore.uri": fc.stringMatching(new RegExp(`^${claim}$`)),
  replicas: fc.integer({ min: 0, max: 3 }),
  // Between two bounds the number depends on what was, as it should.
  autoscaling: fc
    .record({ replicas: fc.integer({ min: 1, max: 3 }), scaleDownSeconds: fc.integer({ min: 120, max: 3600 }) })
    .map(({ replicas, ...rest }) => ({ minReplicas: replicas, maxReplicas: replicas, ...rest })),
  "targets[].runtimeClassName": fc.constantFrom(...runtimeClasses),
};
/** Longest lists and maps that are generated. */
const mostItems = 3;

const isValid = (spec: unknown): boolean => InferenceDeploymentSpec.safeParse(spec).success;

/** Any value that a field may have. Rules of the API server hold where the field stands in a spec with everything in it. */
function anyValue(schema: Schema, path: string): fc.Arbitrary<unknown> {
  const value = hints[path] ?? ofType(schema, path);
  if (schema["x-kubernetes-validations"] === undefined || path === "") return value;
  return value.filter((candidate) => isValid(withValue(full, path, candidate)));
}

function ofType(schema: Schema, path: string): fc.Arbitrary<unknown> {
  switch (schema.type) {
    case "integer":
      return fc.integer({ min: schema.minimum ?? 0, max: schema.maximum ?? 2 ** 31 - 1 });
    case "string":
      return anyText(schema);
    case "array":
      return anyList(schema, path);
    case "object":
      return anyObject(schema, path);
  }
}

function anyText({ enum: words, pattern, maxLength = 64 }: Schema): fc.Arbitrary<string> {
  if (words !== undefined) return fc.constantFrom(...words);
  if (pattern === undefined) return fc.string({ maxLength });
  return fc.stringMatching(new RegExp(pattern)).filter((text) => text.length <= maxLength);
}

function anyList(schema: Schema, path: string): fc.Arbitrary<unknown[]> {
  const { items = { type: "string" }, minItems = 0, maxItems = mostItems } = schema;
  const [key] = schema["x-kubernetes-list-map-keys"] ?? [];
  const lengths = { minLength: minItems, maxLength: Math.min(maxItems, mostItems) };
  const item = anyValue(items, `${path}[]`);
  if (schema["x-kubernetes-list-type"] === "atomic") return fc.array(item, lengths);
  const selector = (one: unknown) => (key === undefined ? one : (one as Readonly<Record<string, unknown>>)[key]);
  return fc.uniqueArray(item, { ...lengths, selector });
}

function anyObject(schema: Schema, path: string): fc.Arbitrary<object> {
  const { properties, required = [], additionalProperties } = schema;
  if (additionalProperties !== undefined) {
    return fc.dictionary(labelKey, anyValue(additionalProperties, `${path}.*`), {
      maxKeys: mostItems,
      noNullPrototype: true,
    });
  }
  const fields = Object.entries(properties ?? {}).map(([field, child]) => [
    field,
    anyValue(child, path === "" ? field : `${path}.${field}`),
  ]);
  return fc.record<Record<string, unknown>>(Object.fromEntries(fields), {
    requiredKeys: [...required],
    noNullPrototype: true,
  });
}

/** The spec with one field changed: of lists, that of the first item. */
const withValue = (spec: Spec, path: string, value: unknown): unknown =>
  changed({ spec }, { [`spec.${path.replaceAll("[]", ".0")}`]: value })["spec"];

/** From one spec to another. */
export interface Transition {
  /** The field that is changed; empty where many are. */
  readonly path: string;
  readonly from: Spec;
  readonly to: Spec;
}

/** Any valid spec, with whatever fields. */
const anySpec: fc.Arbitrary<unknown> = anyValue(specSchema, "").filter(isValid);

/** From one of the bases to any spec. */
export const anyTransition: fc.Arbitrary<Transition> = fc
  .record({ from: fc.constantFrom(...bases), to: anySpec })
  .map(({ from, to }) => ({ path: "", from, to: InferenceDeploymentSpec.parse(to) }));

/** A few of these that change every field of the schema between them, as far as `among` of them do. */
export function coveringTransitions(seed: number, least: number, among = 40): Transition[] {
  const changed = new Set<string>();
  return fc.sample(anyTransition, { seed, numRuns: among }).filter(({ from, to }, index) => {
    const added = [...changedLeaves(from, to)].filter((leaf) => !changed.has(leaf));
    if (index >= least && added.length === 0) return false;
    for (const leaf of added) changed.add(leaf);
    return true;
  });
}

/**
 * Fields that can be changed alone: items of lists and maps without fields of their own are changed with the whole list, and bounds
 * of replicas together.
 */
export const changeableFields: readonly Field[] = fieldsOf(specSchema).filter(
  ({ path }) => !/(\[\]|\*|(min|max)Replicas)$/.test(path),
);

/** Changes of one field of one of the bases, its removal included. */
export function anyChangeOf({ path, schema, required }: Field): fc.Arbitrary<Transition> {
  const value = required ? anyValue(schema, path) : fc.option(anyValue(schema, path), { nil: undefined });
  return fc
    .record({ from: fc.constantFrom(...bases), value })
    .map(({ from, value: given }) => ({
      from,
      to: InferenceDeploymentSpec.safeParse(withValue(from, path, given)).data,
    }))
    .filter(({ from, to }) => to !== undefined && !isDeepStrictEqual(from, to))
    .map(({ from, to }) => ({ path, from, to: to as Spec }));
}
