import { KubeClient, type KubernetesObject, type Resource } from "@sweetspot/operator";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { release, render, the, type Values } from "./helm.ts";
import { type Installed, install, withoutApiServer } from "./installed.ts";

const pods: Resource = { group: "", version: "v1", kind: "Pod", plural: "pods", namespaced: true };
const configMaps: Resource = { group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", namespaced: true };

const restricted = {
  allowPrivilegeEscalation: false,
  runAsNonRoot: true,
  capabilities: { drop: ["ALL"] },
  seccompProfile: { type: "RuntimeDefault" },
};

/** A pod as a Deployment of the operator's would make it. */
const pod = (name: string, metadata: object = {}) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name,
    namespace: "shop",
    labels: { "app.kubernetes.io/managed-by": "sweetspot", team: "a" },
    annotations: { note: "kept", "sweetspot.dev/plan": "{}" },
    finalizers: ["example.com/kept"],
    ownerReferences: [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: "rs", uid: "1" }],
    ...metadata,
  },
  spec: { containers: [{ name: "server", image: "example.com/server:1", securityContext: restricted }] },
});

const image = { spec: { containers: [{ name: "server", image: "example.com/other:1", securityContext: restricted }] } };
const refusals: readonly (readonly [what: string, pod: string, patch: object, message: string])[] = [
  ["a label", "ours", { metadata: { labels: { team: "b" } } }, "may not change labels"],
  ["a label away", "ours", { metadata: { labels: { team: null } } }, "may not change labels"],
  ["an image", "ours", image, "may not change the spec"],
  ["a tolerance", "ours", { spec: { activeDeadlineSeconds: 1 } }, "may not change the spec"],
  ["another annotation", "ours", { metadata: { annotations: { note: "changed" } } }, "only the annotations"],
  ["another annotation away", "ours", { metadata: { annotations: { note: null } } }, "only the annotations"],
  ["a new annotation", "ours", { metadata: { annotations: { more: "x" } } }, "only the annotations"],
  [
    "a new annotation of ours",
    "ours",
    { metadata: { annotations: { "sweetspot.dev/x": "x" } } },
    "only the annotations",
  ],
  ["finalizers", "ours", { metadata: { finalizers: [] } }, "may not change finalizers"],
  ["owners", "ours", { metadata: { ownerReferences: [] } }, "may not change owner references"],
  [
    "a plan on a pod of others",
    "theirs",
    { metadata: { annotations: { "sweetspot.dev/plan": "{}" } } },
    "only pods with",
  ],
  [
    "a plan on a pod without labels",
    "bare",
    { metadata: { annotations: { "sweetspot.dev/plan": "{}" } } },
    "only pods with",
  ],
];

const modes: readonly (readonly [mode: string, values: Values])[] = [
  ["for one namespace", { "watch.namespace": "shop" }],
  ["with everything on", { "networkPolicy.enabled": true, "rbac.ownerFinalizers": true }],
  ["with a narrower network", { "networkPolicy.enabled": true, "networkPolicy.metricsFrom": [{ podSelector: {} }] }],
];

describe.skipIf(withoutApiServer)("the chart on a real API server", () => {
  let installed: Installed;
  let operator: KubeClient;
  const patch = (name: string, change: object) =>
    operator.mergePatch(pods, { namespace: "shop", name }, change).then(
      ({ metadata }: KubernetesObject) => metadata,
      (error: Error) => error.message,
    );

  beforeAll(async () => {
    installed = await install({ namespaces: ["shop"] });
    operator = new KubeClient({ transport: installed.transport });
    const foreign = { labels: { "app.kubernetes.io/managed-by": "Helm" } };
    const bare = { labels: undefined, annotations: undefined, finalizers: undefined, ownerReferences: undefined };
    await installed.server.kubectl.apply([pod("ours"), pod("theirs", foreign), pod("bare", bare)]);
    // The API server learns of a new policy by a watch.
    const holds = async () => expect(await patch("theirs", { metadata: { labels: { a: "b" } } })).toContain("denied");
    await vi.waitFor(holds, { timeout: 20_000, interval: 200 });
  }, 120_000);

  afterAll(async () => {
    await installed[Symbol.asyncDispose]();
  });

  it.each(modes)("is accepted as a whole %s", async (_, values) => {
    const objects = await render(values);
    const said = await installed.server.kubectl.apply(
      objects,
      "--dry-run=server",
      "--validate=strict",
      "--force-conflicts",
    );
    expect(said.trim().split("\n").length).toBe(objects.length);
  });

  it("runs its pod where only Pod Security restricted is let in", async () => {
    const { template } = the(installed.objects, "Deployment")["spec"] as { template: { spec: object } };
    const metadata = { name: "operator", namespace: release.namespace };
    const made = { apiVersion: "v1", kind: "Pod", metadata, ...{ spec: template.spec } };
    expect(await installed.server.kubectl.apply(made, "--dry-run=server")).toContain("serverside-applied");
    const loose = { ...made, spec: { ...template.spec, hostNetwork: true } };
    await expect(installed.server.kubectl.apply(loose, "--dry-run=server")).rejects.toThrow(/violates PodSecurity/);
  });

  it("lets the operator set, change and remove the plan and the nonce of its pods", async () => {
    const plan = JSON.stringify({ text: "x".repeat(15_000) });
    const told = { "sweetspot.dev/plan": plan, "sweetspot.dev/trial": plan, "sweetspot.dev/nonce": "1/0" };
    expect(await patch("ours", { metadata: { annotations: told } })).toMatchObject({ annotations: told });
    const forgotten = { "sweetspot.dev/plan": null, "sweetspot.dev/trial": null, "sweetspot.dev/nonce": null };
    expect(await patch("ours", { metadata: { annotations: forgotten } })).toMatchObject({
      annotations: { note: "kept" },
    });
  });

  it.each(refusals)("does not let the operator change %s", async (_, name, change, message) => {
    expect(await patch(name, change)).toContain(message);
  });

  it("lets the operator patch a pod with as many annotations as there can be", async () => {
    const many = Object.fromEntries(
      Array.from({ length: 5000 }, (_, at) => [`example.com/annotation-${at}`, "x".repeat(20)]),
    );
    await installed.server.kubectl.apply(pod("crowded", { annotations: many }));
    const told = await patch("crowded", { metadata: { annotations: { "sweetspot.dev/nonce": "1/0" } } });
    expect(told).toMatchObject({ annotations: { "sweetspot.dev/nonce": "1/0" } });
  });

  it("leaves other users' patches of pods alone", async () => {
    const change = JSON.stringify({ metadata: { labels: { team: "c" } } });
    const said = await installed.server.kubectl("-n", "shop", "patch", "pod", "theirs", "--type=merge", "-p", change);
    expect(said).toContain("patched");
  });
});

describe.skipIf(withoutApiServer)(
  "where owners of others may not be blocked (OwnerReferencesPermissionEnforcement)",
  () => {
    const enforced = ["--enable-admission-plugins=OwnerReferencesPermissionEnforcement"];
    const owned = (uid: string) => ({
      metadata: {
        name: "child",
        namespace: "shop",
        ownerReferences: [
          {
            apiVersion: "sweetspot.dev/v1alpha1",
            kind: "InferenceDeployment",
            name: "ocr",
            uid,
            blockOwnerDeletion: true,
          },
        ],
      },
    });

    it("the operator can name owners only with rbac.ownerFinalizers", async () => {
      await using installed = await install({ namespaces: ["shop"], serverArguments: enforced });
      const { kubectl } = installed.server;
      const operator = new KubeClient({ transport: installed.transport });
      const create = () =>
        operator.apply(configMaps, owned("1"), { fieldManager: "test" }).then(
          () => "created",
          (error: Error) => error.message,
        );
      expect(await create()).toContain("cannot set blockOwnerDeletion");
      await kubectl.apply(await render({ "rbac.ownerFinalizers": true }));
      await vi.waitFor(async () => expect(await create()).toBe("created"), { timeout: 10_000, interval: 200 });
    }, 60_000);
  },
);
