import type { Node } from "./resources.ts";

/** Nodes that carry all labels of a selector. */
export const matchingNodes = (nodes: readonly Node[], selector: Readonly<Record<string, string>>): Node[] =>
  nodes.filter(({ metadata }) => Object.entries(selector).every(([key, value]) => metadata.labels?.[key] === value));

/** The node's kind: the values of the configured labels that it carries. */
export function nodeClassOf(node: Node | undefined, keys: readonly string[]): Record<string, string> | undefined {
  const labels = node?.metadata.labels ?? {};
  const entries = keys.filter((key) => labels[key] !== undefined).map((key) => [key, labels[key] as string]);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
