import { readFileSync } from "node:fs";
import { join } from "node:path";
import { countsQuery, deploymentMetrics, runtimeMetrics } from "@sweetspot/operator";
import { metricCatalogue } from "@sweetspot/sidecar";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { attempt, chart, ofKind, render, withoutHelm } from "./helm.ts";
import { selectorsOf } from "./promql.ts";

const read = (...path: string[]) => readFileSync(join(chart, "files", "monitoring", ...path), "utf8");

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly annotations?: Readonly<Record<string, string>>;
}
const rules = (parse(read("rules.yaml")) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules);

interface Panel {
  readonly title: string;
  readonly targets: readonly { readonly expr: string }[];
}
const dashboard = JSON.parse(read("dashboard.json")) as {
  panels: Panel[];
  templating: { list: { query: { query: string } | string }[] };
};

/** What relabelling and scraping add to every series. */
const added = ["inference_namespace", "inference_deployment", "target", "pod"];

/** The series that there are, each with its labels. */
const series = new Map<string, readonly string[]>();
for (const [name, { type, labels }] of Object.entries(metricCatalogue)) {
  const parts = type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
  for (const part of parts) series.set(name + part, [...labels, "le", ...added]);
}
for (const [name, { labels }] of Object.entries(deploymentMetrics)) series.set(name, [...labels, ...added]);
const runtimeLabels = ["controller", "outcome", "verb", "code", "resource", "reason", "le"];
for (const name of Object.keys(runtimeMetrics)) {
  const parts = name.endsWith("_seconds") ? ["_bucket", "_sum", "_count"] : [""];
  for (const part of parts) series.set(`sweetspot_operator_${name}${part}`, runtimeLabels);
}
for (const { record } of rules) if (record !== undefined) series.set(record, added);

/** What the examples for autoscalers ask; an adapter puts the labels of the request into its own. */
const exampleQueries = ["hpa.yaml", "keda.yaml"].flatMap((file) => {
  const text = readFileSync(join(chart, "examples", file), "utf8");
  const found = [...text.matchAll(/(?:seriesQuery|metricsQuery|query): (.+)$/gm)].map((match) => match[1] ?? "");
  return found.map(
    (query) => [`the example ${file}`, query.replace("<<.LabelMatchers>>", 'inference_deployment="ocr"')] as const,
  );
});

const queries = [
  ["the operator", countsQuery({ namespace: "shop", deployment: "ocr", target: "x64" })] as const,
  ...rules.map(({ record, alert, expr }) => [`the rule ${record ?? alert}`, expr] as const),
  ...dashboard.panels.flatMap(({ title, targets }) =>
    targets.map(({ expr }) => [`the panel "${title}"`, expr.replaceAll("$__rate_interval", "1m")] as const),
  ),
  ...dashboard.templating.list.flatMap(({ query }) => {
    const inner = typeof query === "string" ? undefined : /^label_values\((.*), \w+\)$/.exec(query.query)?.[1];
    return inner === undefined ? [] : [["a variable", inner] as const];
  }),
  ...exampleQueries,
];

describe("what is asked of Prometheus", () => {
  it.each(queries)("by %s is PromQL, of series and labels that there are", (_, query) => {
    for (const { metric, labels } of selectorsOf(query)) {
      expect([...series.keys()]).toContain(metric);
      for (const label of labels)
        expect([metric, series.get(metric)]).toEqual([metric, expect.arrayContaining([label])]);
    }
  });

  it("is found to be none where it is broken, and where a label is none of the metric's", () => {
    expect(() => selectorsOf("sum by (x (rate(a[1m]))")).toThrow(/No PromQL/);
    expect(selectorsOf('rate(a{b="c", d=~"e"}[1m]) / on (f) g')).toEqual([
      { metric: "a", labels: ["b", "d"] },
      { metric: "g", labels: [] },
    ]);
  });

  it("says in each alert what happened and what to do", () => {
    for (const { alert, annotations } of rules) {
      if (alert !== undefined) expect(Object.keys(annotations ?? {}).sort()).toEqual(["description", "summary"]);
    }
  });
});

describe("docs/monitoring.md", () => {
  it("holds the metrics about deployments, and no other", () => {
    const page = readFileSync(join(chart, "..", "..", "docs", "monitoring.md"), "utf8");
    const rows = [...page.matchAll(/^\| `(sweetspot_\w+)` +\| (.*?) +\| (.*?) +\|$/gm)].map(([, ...cells]) => cells);
    const wanted = Object.entries(deploymentMetrics).map(([name, { labels, help }]) => [
      name,
      labels.map((label) => `\`${label}\``).join(", "),
      help,
    ]);
    expect(rows).toEqual(wanted);
  });
});

describe.skipIf(withoutHelm)("the chart's monitoring", () => {
  const kinds = ["PodMonitor", "PrometheusRule", "ServiceMonitor"];
  const versions = kinds.flatMap((kind) => ["--api-versions", `monitoring.coreos.com/v1/${kind}`]);
  const all = {
    ...{ "metrics.podMonitor.enabled": true, "metrics.prometheusRule.enabled": true },
    ...{ "metrics.serviceMonitor.enabled": true, "metrics.dashboard.enabled": true },
  };

  it("is there when it is asked for, with the rules and the dashboard as they are", async () => {
    const objects = await render({ ...all, "metrics.prometheusRule.labels": { release: "prometheus" } }, ...versions);
    const [rule] = ofKind(objects, "PrometheusRule");
    expect(rule?.["spec"]).toEqual(parse(read("rules.yaml")));
    expect(rule?.metadata.labels).toMatchObject({ release: "prometheus" });
    const [map] = ofKind(objects, "ConfigMap");
    expect(JSON.parse((map?.["data"] as Record<string, string> | undefined)?.["sweetspot.json"] ?? "")).toEqual(
      dashboard,
    );
    expect(map?.metadata.labels).toMatchObject({ grafana_dashboard: "1" });
    const [monitor] = ofKind(objects, "PodMonitor");
    expect(monitor?.["spec"]).toMatchObject({ namespaceSelector: { any: true } });
    const own = await render({ ...all, "watch.namespace": "team" }, ...versions);
    expect(ofKind(own, "PodMonitor")[0]?.["spec"]).toMatchObject({ namespaceSelector: { matchNames: ["team"] } });
  });

  it("is absent as the chart comes, and refused where nobody knows its kinds", async () => {
    const objects = await render();
    for (const kind of [...kinds, "ConfigMap"]) expect(ofKind(objects, kind)).toEqual([]);
    for (const value of ["podMonitor", "prometheusRule"]) {
      const { code, stderr } = await attempt({ [`metrics.${value}.enabled`]: true });
      expect([code, stderr]).toEqual([1, expect.stringMatching(/Install the Prometheus Operator first/)]);
    }
  });
});
