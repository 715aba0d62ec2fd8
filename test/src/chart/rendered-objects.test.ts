import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readOptions } from "@sweetspot/operator";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { chart, type Manifest, ofKind, release, render, the, type Values, withoutHelm } from "./helm.ts";

interface EnvironmentVariable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly fieldRef: { readonly fieldPath: string } };
}
interface Container {
  readonly image: string;
  readonly imagePullPolicy: string;
  readonly env: readonly EnvironmentVariable[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly resources: unknown;
  readonly securityContext: unknown;
  readonly [field: string]: unknown;
}
interface PodSpec {
  readonly containers: readonly [Container, ...Container[]];
  readonly [field: string]: unknown;
}
interface PodTemplate {
  readonly metadata: { readonly labels: Record<string, string>; readonly annotations?: Record<string, string> };
  readonly spec: PodSpec;
}

const templateOf = (objects: readonly Manifest[]): PodTemplate =>
  (the(objects, "Deployment")["spec"] as { template: PodTemplate }).template;

/** What the kubelet would make of the container's environment. */
function environmentOf({ spec }: PodTemplate): Record<string, string | undefined> {
  const fields: Readonly<Record<string, string>> = {
    "metadata.namespace": release.namespace,
    "metadata.name": "sweetspot-operator-5d4f8c7b9-abcde",
  };
  const textOf = ({ value, valueFrom }: EnvironmentVariable) => value ?? fields[valueFrom?.fieldRef.fieldPath ?? ""];
  return Object.fromEntries(spec.containers[0].env.map((variable) => [variable.name, textOf(variable)]));
}

const modes: readonly (readonly [mode: string, values: Values])[] = [
  ["as it comes", {}],
  ["for one namespace", { "watch.namespace": "team" }],
  ["with everything on", { "networkPolicy.enabled": true, "rbac.ownerFinalizers": true, replicas: 2 }],
  ["with everything off", { "crds.enabled": false, "podPatchPolicy.enabled": false, "metrics.service.enabled": false }],
];

describe.skipIf(withoutHelm)("the chart's objects", () => {
  let objects: Manifest[];

  beforeAll(async () => {
    objects = await render();
  });

  it.each(modes)("run the operator within Pod Security restricted, %s", async (_, values) => {
    const { spec } = templateOf(await render(values));
    expect(spec["securityContext"]).toEqual({
      runAsNonRoot: true,
      ...{ runAsUser: 65_532, runAsGroup: 65_532, fsGroup: 65_532 },
      seccompProfile: { type: "RuntimeDefault" },
    });
    for (const { securityContext } of spec.containers) {
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
    }
    expect(["hostNetwork", "hostPID", "hostIPC"].filter((field) => field in spec)).toEqual([]);
    expect(spec["volumes"]).toEqual([{ name: "scratch", emptyDir: { sizeLimit: "64Mi" } }]);
  });

  it.each(modes)("carry the labels of the release and no name twice, %s", async (_, values) => {
    const all = await render(values);
    for (const { metadata, kind } of all) {
      const label = metadata.labels?.["app.kubernetes.io/managed-by"];
      expect([kind, metadata.name, label]).toEqual([kind, metadata.name, "Helm"]);
    }
    const keys = all.map(({ kind, metadata }) => `${kind} ${metadata.namespace} ${metadata.name}`);
    expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([]);
  });

  it("give the operator an environment that it reads", () => {
    expect(readOptions(environmentOf(templateOf(objects)))).toEqual({
      settings: {
        serverImage: "sweetspot.dev/sidecar:dev",
        tunerImage: "sweetspot.dev/tuner:dev",
        imagePullPolicy: "IfNotPresent",
        imagePullSecrets: [],
        nodeClassLabels: expect.arrayContaining(["kubernetes.io/arch"]),
        drainSeconds: 3,
        baselineSeconds: 300,
        prometheusUrl: null,
        modelSources: {
          allowedNetworks: [],
          maximumBytes: 2 ** 33,
          huggingFaceEndpoint: "https://huggingface.co",
        },
      },
      identity: "sweetspot-operator-5d4f8c7b9-abcde",
      lease: { namespace: release.namespace, name: "sweetspot-operator" },
      namespace: undefined,
      healthPort: 8081,
      logLevel: "info",
    });
  });

  it("pass every value on that the operator reads", async () => {
    const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
    const changed = await render({
      "images.registry": "registry.example.com:5000/sweetspot",
      "images.tag": "1.2.3",
      "images.pullPolicy": "Always",
      "images.pullSecrets": ["one", "two"],
      "images.server.tag": "1.2.4",
      "images.tuner.digest": digest,
      nodeClassLabels: ["example.com/kind"],
      drainSeconds: 0,
      baselineSeconds: 60,
      "serviceLevel.prometheusUrl": "http://prometheus.monitoring:9090",
      "watch.namespace": "team",
      "modelSources.allowedNetworks": ["10.96.0.0/12", "fd00::/8"],
      "modelSources.maximumBytes": 20_000_000_000,
      "modelSources.huggingFaceEndpoint": "https://mirror.example.com",
      logLevel: "debug",
    });
    const template = templateOf(changed);
    expect(readOptions(environmentOf(template))).toMatchObject({
      settings: {
        serverImage: "registry.example.com:5000/sweetspot/sidecar:1.2.4",
        tunerImage: `registry.example.com:5000/sweetspot/tuner@${digest}`,
        imagePullPolicy: "Always",
        imagePullSecrets: ["one", "two"],
        nodeClassLabels: ["example.com/kind"],
        modelSources: {
          allowedNetworks: ["10.96.0.0/12", "fd00::/8"],
          maximumBytes: 20_000_000_000,
          huggingFaceEndpoint: "https://mirror.example.com",
        },
        drainSeconds: 0,
        baselineSeconds: 60,
        prometheusUrl: "http://prometheus.monitoring:9090",
      },
      namespace: "team",
      logLevel: "debug",
    });
    const [{ image, imagePullPolicy }] = template.spec.containers;
    expect([image, imagePullPolicy]).toEqual(["registry.example.com:5000/sweetspot/operator:1.2.3", "Always"]);
    expect(template.spec["imagePullSecrets"]).toEqual([{ name: "one" }, { name: "two" }]);
  });

  it("ask for health where the operator answers", () => {
    const template = templateOf(objects);
    const [{ ports, readinessProbe, livenessProbe }] = template.spec.containers;
    expect(ports).toEqual([
      { name: "health", containerPort: readOptions(environmentOf(template)).healthPort, protocol: "TCP" },
    ]);
    expect(readinessProbe).toMatchObject({ httpGet: { path: "/readyz", port: "health" } });
    expect(livenessProbe).toMatchObject({ httpGet: { path: "/healthz", port: "health" } });
  });

  it("let users place the operator's pod", async () => {
    const place = {
      nodeSelector: { pool: "system" },
      tolerations: [{ key: "system", operator: "Exists" }],
      affinity: { podAntiAffinity: {} },
      topologySpreadConstraints: [{ maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "ScheduleAnyway" }],
      priorityClassName: "system-cluster-critical",
      resources: { requests: { cpu: 1, memory: "1Gi" }, limits: { cpu: 2, memory: "2Gi" } },
    };
    const { spec } = templateOf(await render(place));
    const { resources, ...pod } = place;
    expect(spec).toMatchObject(pod);
    expect(spec.containers[0].resources).toEqual(resources);
  });

  it("let nobody change by podLabels the labels by which the operator's pod is found, or pass for a pod of its own", async () => {
    const podLabels = { team: "ml", "app.kubernetes.io/component": "x", "app.kubernetes.io/managed-by": "sweetspot" };
    const all = await render({ podLabels, podAnnotations: { note: "yes" } });
    const { metadata } = templateOf(all);
    const { matchLabels } = (the(all, "Deployment")["spec"] as { selector: { matchLabels: object } }).selector;
    expect(metadata.labels).toMatchObject({ team: "ml", "app.kubernetes.io/managed-by": "Helm", ...matchLabels });
    expect(metadata.annotations).toEqual({ note: "yes" });
  });

  it("bring the CRDs as they were generated, marked to be kept", async () => {
    const folder = join(chart, "files", "crds");
    const generated = readdirSync(folder).map((file) => parse(readFileSync(join(folder, file), "utf8")) as Manifest);
    const rendered = ofKind(objects, "CustomResourceDefinition");
    const plain = rendered.map(({ metadata, ...others }) => ({ ...others, metadata: { name: metadata.name } }));
    expect(plain).toEqual(generated);
    const kept = { "helm.sh/resource-policy": "keep" };
    expect(rendered.map(({ metadata }) => metadata.annotations)).toEqual(rendered.map(() => kept));
    const loose = ofKind(await render({ "crds.keep": false }), "CustomResourceDefinition");
    expect(loose.map(({ metadata }) => metadata.annotations)).toEqual(generated.map(() => undefined));
    expect(ofKind(await render({ "crds.enabled": false }), "CustomResourceDefinition")).toEqual([]);
  });

  it("hold the policy to the operator's account, unless it is turned off", async () => {
    const policy = the(objects, "ValidatingAdmissionPolicy");
    expect(JSON.stringify(policy["spec"])).toContain("'system:serviceaccount:sweetspot-system:sweetspot-operator'");
    const binding = the(objects, "ValidatingAdmissionPolicyBinding");
    expect(binding["spec"]).toEqual({ policyName: policy.metadata.name, validationActions: ["Deny"] });
    const without = await render({ "podPatchPolicy.enabled": false });
    expect(without.filter(({ kind }) => kind.startsWith("ValidatingAdmission"))).toEqual([]);
  });

  it("find the operator's pod by Service, ServiceMonitor and NetworkPolicy", async () => {
    const known = ["--api-versions", "monitoring.coreos.com/v1/ServiceMonitor"];
    const values = { "metrics.serviceMonitor.enabled": true, "networkPolicy.enabled": true };
    const all = await render(values, ...known);
    const { labels } = templateOf(all).metadata;
    const service = the(all, "Service");
    expect(labels).toMatchObject((service["spec"] as { selector: object }).selector);
    const monitor = the(all, "ServiceMonitor")["spec"] as { selector: { matchLabels: object } };
    expect(service.metadata.labels).toMatchObject(monitor.selector.matchLabels);
    const policy = the(all, "NetworkPolicy")["spec"] as { podSelector: { matchLabels: object } };
    expect(labels).toMatchObject(policy.podSelector.matchLabels);
  });

  it("let the operator reach its Prometheus, by its port and name, and nothing more without one", async () => {
    const egress = async (prometheusUrl: string) => {
      const objects = await render({ "networkPolicy.enabled": true, "serviceLevel.prometheusUrl": prometheusUrl });
      const rules = (the(objects, "NetworkPolicy")["spec"] as { egress: { ports: { port: number }[] }[] }).egress;
      return rules.map(({ ports }) => ports.map(({ port }) => port));
    };
    const without = await egress("");
    expect(without).toEqual([[443, 6443], [9090]]);
    expect(await egress("http://prometheus.monitoring:9091/prom")).toEqual([[443, 6443], [53, 53, 9091], [9090]]);
    expect(await egress("https://prometheus.example.com")).toContainEqual([53, 53, 443]);
  });

  it("keep two releases of one name apart in two namespaces", async () => {
    const shared = (list: readonly Manifest[]) =>
      list
        .filter(({ metadata }) => metadata.namespace === undefined)
        .map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    const first = shared(await render({ "crds.enabled": false }));
    const second = shared(await render({ "crds.enabled": false }, "--namespace", "other"));
    expect(first.length).toBe(6);
    expect(first.filter((name) => second.includes(name))).toEqual([]);
  });
});
