import { describe, expect, it } from "vitest";
import { startApiServer } from "../../cluster/src/api-server/api-server.ts";
import { chart, type Manifest, release, runHelm } from "./helm.ts";
import { withoutApiServer } from "./installed.ts";

const kinds = [
  ...["deployments", "services", "serviceaccounts", "roles", "rolebindings", "clusterroles", "clusterrolebindings"],
  ...[
    "validatingadmissionpolicies",
    "validatingadmissionpolicybindings",
    "customresourcedefinitions",
    "networkpolicies",
  ],
];

describe.skipIf(withoutApiServer)("a release of the chart", () => {
  it("is installed, upgraded, removed but for the CRDs, and installed again", async () => {
    await using server = await startApiServer();
    const helm = async (verb: string, ...more: string[]) => {
      const { code, stderr } = await runHelm(
        ...[verb, release.name, "-n", release.namespace, "--kubeconfig", server.kubeconfig, ...more],
      );
      expect([verb, code, stderr]).toEqual([verb, 0, ""]);
    };
    const ours = async () => {
      const { items } = await server.kubectl.json<{ items: Manifest[] }>("get", kinds.join(","), "-A");
      const made = items.filter(({ metadata }) => metadata.labels?.["app.kubernetes.io/instance"] === release.name);
      return made.map(({ kind, metadata }) => `${kind} ${metadata.name}`).toSorted();
    };
    const definitions = ["inferencedeployments", "tuningruns"].map(
      (plural) => `CustomResourceDefinition ${plural}.sweetspot.dev`,
    );

    await helm("install", chart, "--create-namespace");
    const installed = await ours();
    expect(installed).toEqual(expect.arrayContaining(definitions));
    const changes = ["networkPolicy.enabled=true", "watch.namespace=default", "logLevel=debug"];
    await helm("upgrade", chart, "--set", changes.join(","));
    const added = (await ours()).filter((name) => !installed.includes(name));
    expect(added).toEqual([
      "NetworkPolicy sweetspot-operator",
      "Role sweetspot-operator.sweetspot-system",
      "RoleBinding sweetspot-operator.sweetspot-system",
    ]);
    await helm("uninstall");
    expect(await ours()).toEqual(definitions);
    await helm("install", chart);
    expect(await ours()).toEqual(installed);
    await helm("upgrade", chart, "--set", "crds.keep=false");
    await helm("uninstall");
    // A definition goes when the API server has seen that no objects of it are left.
    await expect.poll(ours, { timeout: 30_000, interval: 200 }).toEqual([]);
  }, 120_000);
});
