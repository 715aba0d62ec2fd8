import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import * as z from "zod";
import { withRules, withTransitions } from "../api/rules.ts";
import { schemaProblems } from "./lint.ts";
import { manifestText } from "./manifest.ts";
import { customResources } from "./resources.ts";
import { SchemaError, structuralSchema, type ZodJsonSchema } from "./structural-schema.ts";

const converted = (schema: z.ZodType) =>
  structuralSchema(z.toJSONSchema(schema, { target: "openapi-3.0", io: "input", reused: "inline" }) as ZodJsonSchema);

const described = z.string().max(4).describe("A field.");

describe("the converter", () => {
  it("keeps bounds, defaults and descriptions, and adds formats", () => {
    const schema = z.object({
      small: z.int().min(0).max(9).default(1),
      large: z.int().min(0),
      any: z.int(),
      figure: z.number().nonnegative(),
      when: z.iso.datetime(),
    });
    expect(converted(schema).properties).toEqual({
      small: { type: "integer", format: "int32", default: 1, minimum: 0, maximum: 9 },
      large: { type: "integer", format: "int64", minimum: 0 },
      any: { type: "integer", format: "int64" },
      figure: { type: "number", format: "double", minimum: 0 },
      when: { type: "string", format: "date-time" },
    });
  });

  it("writes rules beside the schema that they are about, through defaults and options", () => {
    const rule = { name: "A", holds: () => true, cel: "self.size() > 1", message: "Too short." };
    const list = withRules(z.string().max(4).array().max(3), [rule]);
    const object = withTransitions(z.object({ list: list.default([]) }), [
      { ...rule, name: "B", cel: "self == oldSelf" },
    ]);
    expect(converted(z.object({ object: object.optional() })).properties?.["object"]).toMatchObject({
      "x-kubernetes-validations": [{ rule: "self == oldSelf", message: "Too short." }],
      properties: {
        list: { default: [], "x-kubernetes-validations": [{ rule: "self.size() > 1", message: "Too short." }] },
      },
    });
  });

  it.each([
    ["a union", z.union([z.string(), z.number()]), "anyOf"],
    ["a null", z.string().nullable(), "nullable"],
    ["two patterns", z.string().regex(/a/).regex(/b/), "allOf"],
  ])("refuses %s by the name of the field", (_, schema, keyword) => {
    expect(() => converted(z.object({ field: schema }))).toThrow(SchemaError);
    expect(() => converted(z.object({ field: schema }))).toThrow(`.field: ${keyword} cannot be in a CRD`);
  });
});

describe("the linter", () => {
  it("has nothing to say of a schema with bounds and descriptions", () => {
    expect(schemaProblems(converted(z.object({ spec: z.object({ a: described }).describe("A spec.") })))).toEqual([]);
  });

  it.each([
    ["a string without bound", z.string()],
    ["a list without bound", described.array().meta({ listType: "atomic" })],
    ["a list without type", described.array().max(3)],
    ["a map without bound", z.record(z.string(), described)],
    ["an integer without upper bound", z.int().min(0)],
    ["an integer without lower bound", z.int().max(9)],
    ["a float in spec", z.number()],
    ["an object without fields", z.object({})],
    [
      "a pattern that RE2 does not know",
      z
        .string()
        .max(3)
        .regex(/^(?!a)/),
    ],
    [
      "its key name is not required",
      z
        .object({ name: described.optional() })
        .array()
        .max(2)
        .meta({ listType: "map", listMapKeys: ["name"] }),
    ],
    ["it has no type", z.any()],
  ])("finds %s", (problem, field) => {
    const schema = converted(z.object({ spec: z.object({ field: field.describe("A field.") }).describe("A spec.") }));
    expect(schemaProblems(schema)).toContain(`.spec.field: ${problem}`);
  });

  it("finds a field without a description", () => {
    const schema = converted(
      z.object({ list: z.object({ field: z.boolean() }).array().max(1).meta({ listType: "atomic" }) }),
    );
    expect(schemaProblems(schema)).toEqual([
      ".list: no description that is a sentence",
      ".list[].field: no description that is a sentence",
    ]);
  });
});

describe("the manifests", () => {
  it.each(customResources.map((resource) => [resource.kind, resource] as const))(
    "of %s quote what old YAML takes for a boolean",
    (_, resource) => {
      const text = manifestText(resource);
      expect(parse(text, { version: "1.1" })).toEqual(parse(text, { version: "1.2" }));
      expect(text).not.toMatch(/^\s*- (Off|On|Yes|No|True|False)$/m);
    },
  );
});
