import type { RuleMetadata } from "../api/rules.ts";

/** The part of JSON Schema that zod writes for our types (OpenAPI 3.0), with our own metadata. */
export type ZodJsonSchema = {
  readonly [keyword: string]: unknown;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, ZodJsonSchema>>;
  readonly additionalProperties?: ZodJsonSchema | boolean;
  readonly items?: ZodJsonSchema;
  readonly rules?: readonly RuleMetadata[];
};

type ValidationRule = { rule: string; message: string; fieldPath?: string };

/** A structural schema of apiextensions.k8s.io/v1. */
export type StructuralSchema = {
  description?: string;
  type?: string;
  format?: string;
  default?: unknown;
  enum?: string[];
  minimum?: number;
  exclusiveMinimum?: boolean;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  minItems?: number;
  maxItems?: number;
  maxProperties?: number;
  required?: string[];
  properties?: Record<string, StructuralSchema>;
  additionalProperties?: StructuralSchema;
  items?: StructuralSchema;
  "x-kubernetes-list-type"?: string;
  "x-kubernetes-list-map-keys"?: string[];
  "x-kubernetes-map-type"?: string;
  "x-kubernetes-validations"?: ValidationRule[];
};

/** Keywords that mean the same on both sides. */
const kept = [
  "description",
  "type",
  "format",
  "default",
  "enum",
  "minimum",
  "exclusiveMinimum",
  "maximum",
  "minLength",
  "maxLength",
  "pattern",
  "minItems",
  "maxItems",
  "maxProperties",
  "required",
] as const;
const translated = ["properties", "additionalProperties", "items", "rules", "listType", "listMapKeys", "mapType"];

/** A schema that cannot become a structural one. The message names the field. */
export class SchemaError extends Error {
  override readonly name = "SchemaError";
}

/**
 * Converts what `z.toJSONSchema` writes into a structural schema. Keywords that it does not know are errors, never
 * dropped: unions, `nullable` and the like would otherwise vanish without a word. Throws `SchemaError`.
 */
export function structuralSchema(schema: ZodJsonSchema, path = ""): StructuralSchema {
  const unknown = Object.keys(schema).filter(
    (key) => !(kept as readonly string[]).includes(key) && !translated.includes(key),
  );
  if (unknown.length > 0) throw new SchemaError(`${path || "(root)"}: ${unknown.join(", ")} cannot be in a CRD`);
  const result: Record<string, unknown> = {};
  for (const key of kept) if (schema[key] !== undefined) result[key] = schema[key];
  Object.assign(result, formatOf(schema), childrenOf(schema, path), extensionsOf(schema));
  if (result["format"] === "date-time") delete result["pattern"];
  for (const bound of ["minimum", "maximum"]) if (isSafeIntegerBound(result[bound])) delete result[bound];
  return result as StructuralSchema;
}

/** Zod bounds every integer by what a double holds; that says nothing about the field. */
const isSafeIntegerBound = (bound: unknown): boolean => Math.abs(Number(bound)) === Number.MAX_SAFE_INTEGER;

function formatOf({ type, maximum }: ZodJsonSchema): StructuralSchema {
  if (type === "number") return { format: "double" };
  if (type !== "integer") return {};
  return { format: typeof maximum === "number" && maximum < 2 ** 31 ? "int32" : "int64" };
}

function childrenOf({ properties, additionalProperties, items }: ZodJsonSchema, path: string): StructuralSchema {
  const children: StructuralSchema = {};
  if (properties !== undefined) {
    const entries = Object.entries(properties).map(([name, child]) => [
      name,
      structuralSchema(child, `${path}.${name}`),
    ]);
    children.properties = Object.fromEntries(entries);
  }
  if (typeof additionalProperties === "object") {
    children.additionalProperties = structuralSchema(additionalProperties, `${path}.*`);
  }
  if (items !== undefined) children.items = structuralSchema(items, `${path}[]`);
  return children;
}

function extensionsOf({ rules, listType, listMapKeys, mapType }: ZodJsonSchema): StructuralSchema {
  return {
    ...(listType === undefined ? {} : { "x-kubernetes-list-type": listType as string }),
    ...(listMapKeys === undefined ? {} : { "x-kubernetes-list-map-keys": listMapKeys as string[] }),
    ...(mapType === undefined ? {} : { "x-kubernetes-map-type": mapType as string }),
    ...(rules === undefined ? {} : { "x-kubernetes-validations": rules.map(validationOf) }),
  };
}

const validationOf = ({ cel, message, field }: RuleMetadata): ValidationRule => ({
  rule: cel,
  message,
  ...(field === undefined ? {} : { fieldPath: `.${field}` }),
});
