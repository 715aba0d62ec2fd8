import { type ConditionTable, conditions } from "../api/conditions.ts";
import { apiVersion } from "../common.ts";
import { schemaOfResource } from "./manifest.ts";
import { type CustomResource, customResources } from "./resources.ts";
import type { StructuralSchema } from "./structural-schema.ts";

const introduction = `# The Kubernetes API

The resources of \`${apiVersion}\`. This page is generated from \`crds/src/api\`; \`kubectl explain infd.spec\` prints the same in a
terminal.

In YAML, write quantities in quotes: \`cpu: "1"\`.
`;

/** docs/api.md: fields, rules and conditions of all resources. */
export function apiReference(): string {
  return `${[introduction, ...customResources.map(chapter)].join("\n")}`;
}

function chapter(resource: CustomResource): string {
  const { spec, status } = schemaOfResource(resource).properties as Record<"spec" | "status", StructuralSchema>;
  const { kind, shortNames, schema } = resource;
  return [
    `## ${kind}`,
    "",
    `Short name \`${shortNames.join("`, `")}\`, namespaced. ${schema.description}`,
    "",
    `### ${kind} spec`,
    "",
    spec.description,
    "",
    ...fieldTable(spec),
    "",
    `### ${kind} rules`,
    "",
    "Beyond types and bounds the API server enforces:",
    "",
    ...ruleTable(schemaOfResource(resource)),
    "",
    `### ${kind} status`,
    "",
    status.description,
    "",
    ...fieldTable(status),
    "",
    ...Object.entries(conditions[kind] as ConditionTable).flatMap(([type, condition]) =>
      conditionTable(kind, type, condition),
    ),
  ].join("\n");
}

function fieldTable(schema: StructuralSchema): string[] {
  const rows = fieldRows(schema, "");
  return ["| field | type | default | meaning |", "| --- | --- | --- | --- |", ...rows];
}

function fieldRows(schema: StructuralSchema, prefix: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = `${prefix}${name}`;
    const required = schema.required?.includes(name) === true;
    const fallback = field.default === undefined ? (required ? "required" : "") : code(JSON.stringify(field.default));
    const own = row([code(path), typeOf(field), fallback, field.description ?? ""]);
    return [
      own,
      ...fieldRows(field, `${path}.`),
      ...(field.items === undefined ? [] : fieldRows(field.items, `${path}[].`)),
    ];
  });
}

/** Type and bounds in words. */
function typeOf(field: StructuralSchema): string {
  if (field.enum !== undefined) return field.enum.map(code).join(", ");
  if (field.items !== undefined) return `list of ${plainType(field.items)}, ${range(field.minItems, field.maxItems)}`;
  if (field.additionalProperties !== undefined) return `map of strings, ${range(undefined, field.maxProperties)}`;
  return plainType(field);
}

function plainType(field: StructuralSchema): string {
  if (field.enum !== undefined) return field.enum.map(code).join(", ");
  if (field.type === "integer" || field.type === "number")
    return [field.type, range(field.minimum, field.maximum)].join(" ").trim();
  if (field.format === "date-time") return "time";
  if (field.type === "string" && field.maxLength !== undefined) return `string, at most ${field.maxLength} characters`;
  return field.type ?? "";
}

function range(low: number | undefined, high: number | undefined): string {
  if (low === undefined) return high === undefined ? "" : `at most ${high}`;
  return high === undefined ? `${low} or more` : `${low} to ${high}`;
}

function ruleTable(schema: StructuralSchema): string[] {
  return ["| where | rule |", "| --- | --- |", ...ruleRows(schema, "")];
}

function ruleRows(schema: StructuralSchema, path: string): string[] {
  const own = (schema["x-kubernetes-validations"] ?? []).map((rule) => row([code(path || "(object)"), rule.message]));
  const fields = Object.entries(schema.properties ?? {}).filter(([name]) => path !== "" || name === "spec");
  return [
    ...own,
    ...fields.flatMap(([name, field]) => ruleRows(field, path === "" ? name : `${path}.${name}`)),
    ...(schema.items === undefined ? [] : ruleRows(schema.items, `${path}[]`)),
  ];
}

function conditionTable(kind: string, type: string, { description, reasons }: ConditionTable[string]): string[] {
  return [
    `### ${kind} condition ${type}`,
    "",
    description,
    "",
    "| reason | status | what it says | what to do |",
    "| --- | --- | --- | --- |",
    ...Object.entries(reasons).map(([reason, { status, message, action }]) =>
      row([code(reason), status, message, action]),
    ),
    "",
  ];
}

const code = (text: string): string => `\`${text}\``;
const row = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
