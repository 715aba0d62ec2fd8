import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

const manifest = join(
  ...[import.meta.dirname, "..", "..", "..", "charts", "sweetspot", "files", "crds", "inferencedeployments.yaml"],
);

/** The part of a structural schema that says what may be written. */
export interface Schema {
  readonly type: "object" | "array" | "string" | "integer";
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  /** Of a map: its values. */
  readonly additionalProperties?: Schema;
  readonly maxProperties?: number;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly "x-kubernetes-list-type"?: "map" | "set" | "atomic";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-validations"?: readonly object[];
}

/** The schema of an InferenceDeployment's spec as the API server has it. */
export const specSchema: Schema = parse(readFileSync(manifest, "utf8")).spec.versions[0].schema.openAPIV3Schema
  .properties.spec;

/** A field of the spec: `targets[].resources.cpu`; values of a map are `targets[].nodeSelector.*`. */
export interface Field {
  readonly path: string;
  readonly schema: Schema;
  /** Where it stands there is no object without it. */
  readonly required: boolean;
}

/** All fields, those that hold others included, the spec itself not. */
export const fieldsOf = (schema: Schema, path = ""): Field[] => {
  const { properties = {}, required = [], additionalProperties, items } = schema;
  const children: Field[] = [
    ...Object.entries(properties).map(([name, child]) => ({
      path: path === "" ? name : `${path}.${name}`,
      schema: child,
      required: required.includes(name),
    })),
    ...(items === undefined ? [] : [{ path: `${path}[]`, schema: items, required: true }]),
    ...(additionalProperties === undefined
      ? []
      : [{ path: `${path}.*`, schema: additionalProperties, required: true }]),
  ];
  return children.flatMap((field) => [field, ...fieldsOf(field.schema, field.path)]);
};

/** Paths of the fields that hold a value and no other fields. */
export const leavesOf = (schema: Schema): string[] =>
  fieldsOf(schema)
    .filter((field) => fieldsOf(field.schema).length === 0)
    .map(({ path }) => path);

/** Paths of the leaves in which two specs differ. */
export function changedLeaves(before: unknown, after: unknown): Set<string> {
  const [old, now] = [valuesOf(specSchema, before), valuesOf(specSchema, after)];
  const places = [...new Set([...old.keys(), ...now.keys()])];
  return new Set(places.filter((place) => old.get(place) !== now.get(place)).map((place) => place.replace(/ .*$/, "")));
}

/** Values by path and, after a space, by where it is: `targets[].name 0`. */
function valuesOf(schema: Schema, value: unknown, path = "", place = ""): Map<string, unknown> {
  if (value === undefined) return new Map();
  const below = (child: Schema, item: unknown, name: string, key: string) => [
    ...valuesOf(child, item, name, `${place}/${key}`),
  ];
  if (schema.items !== undefined) {
    const { items } = schema;
    return new Map((value as unknown[]).flatMap((item, index) => below(items, item, `${path}[]`, String(index))));
  }
  const { properties, additionalProperties } = schema;
  if (properties === undefined && additionalProperties === undefined) return new Map([[`${path} ${place}`, value]]);
  return new Map(
    Object.entries(value as object).flatMap(([name, item]) =>
      properties?.[name] === undefined
        ? below(additionalProperties as Schema, item, `${path}.*`, name)
        : below(properties[name], item, path === "" ? name : `${path}.${name}`, name),
    ),
  );
}
