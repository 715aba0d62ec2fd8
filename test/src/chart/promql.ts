import { parser } from "@prometheus-io/lezer-promql";

/** A series that a query asks for: its metric and the labels that it selects by. */
export interface Selector {
  readonly metric: string;
  readonly labels: readonly string[];
}

/** All selectors of a query, by the grammar of Prometheus. Throws for what is no query. */
export function selectorsOf(query: string): Selector[] {
  const tree = parser.parse(query);
  const found: Selector[] = [];
  tree.iterate({
    enter: (node) => {
      if (node.type.isError) throw new Error(`No PromQL at ${node.from}: ${query}`);
      if (node.name !== "VectorSelector") return;
      const metric = node.node.getChild("Identifier");
      const labels: string[] = [];
      node.node.toTree().iterate({
        enter: (inner) => {
          if (inner.name === "LabelName") labels.push(query.slice(node.from + inner.from, node.from + inner.to));
        },
      });
      found.push({ metric: metric === null ? "" : query.slice(metric.from, metric.to), labels });
    },
  });
  if (found.length === 0) throw new Error(`A query that asks for nothing: ${query}`);
  return found;
}
