import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";
import { apiVersion } from "./common.ts";
import { manifestText } from "./crd/manifest.ts";
import { apiReference } from "./crd/reference.ts";
import { customResources } from "./crd/resources.ts";
import { type DocumentKind, documents } from "./documents.ts";

const root = join(import.meta.dirname, "..", "..");

/** Folders that hold generated files and nothing else. */
export const generatedFolders = {
  schemas: join(root, "crds", "generated"),
  manifests: join(root, "charts", "sweetspot", "files", "crds"),
} as const;

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
  return new Map([
    ...kinds.map((kind) => [schemaFile(kind), `${JSON.stringify(schemaOf(kind), null, 2)}\n`] as const),
    ...customResources.map((resource) => [manifestFile(resource.plural), manifestText(resource)] as const),
    [join(root, "docs", "api.md"), apiReference()],
  ]);
}

const schemaFile = (kind: DocumentKind): string => join(generatedFolders.schemas, `${kind}.schema.json`);
const manifestFile = (plural: string): string => join(generatedFolders.manifests, `${plural}.yaml`);

if (import.meta.main) {
  const files = generatedFiles();
  for (const folder of Object.values(generatedFolders)) rmSync(folder, { recursive: true, force: true });
  for (const [file, content] of files) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}
