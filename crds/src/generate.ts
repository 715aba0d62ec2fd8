import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { apiVersion } from "./common.ts";
import { type DocumentKind, documents } from "./documents.ts";

const folder = join(import.meta.dirname, "..", "generated");

/**
 * The JSON Schema of one document, as readers accept it: unknown fields are allowed, so that an older reader takes a
 * newer document of the same version.
 */
export function schemaOf(kind: DocumentKind): object {
  const schema = z.toJSONSchema(documents[kind], { target: "draft-2020-12", io: "input" });
  return { ...schema, title: kind, description: `${kind} of ${apiVersion}. Generated from crds/src: do not edit.` };
}

/** All generated files, path to content; the same input gives the same bytes. */
export function generatedFiles(): Map<string, string> {
  const kinds = Object.keys(documents).sort() as DocumentKind[];
  return new Map(
    kinds.map((kind) => [join(folder, `${kind}.schema.json`), `${JSON.stringify(schemaOf(kind), null, 2)}\n`]),
  );
}

if (import.meta.main) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [file, content] of generatedFiles()) writeFileSync(file, content);
}
