import { beforeAll, describe, expect, it } from "vitest";
import { grantsOf, rulesOf } from "./grants.ts";
import { type Manifest, ofKind, release, render, the, withoutHelm } from "./helm.ts";

const account = "sweetspot-operator";
const isRole = ({ kind }: Manifest) => kind === "Role" || kind === "ClusterRole";
const placesOf = (grants: readonly string[]) => new Set(grants.map((grant) => grant.split(" ")[0]));

describe.skipIf(withoutHelm)("the rights that the chart grants", () => {
  let everywhere: Manifest[];
  let inOne: Manifest[];

  beforeAll(async () => {
    everywhere = await render();
    inOne = await render({ "watch.namespace": "team" });
  });

  it("name groups, resources and verbs one by one", () => {
    for (const { metadata, ...role } of [...everywhere, ...inOne].filter(isRole)) {
      const words = (role["rules"] as ReturnType<typeof rulesOf>).flatMap((rule) => Object.values(rule).flat());
      expect([metadata.name, words.filter((word) => word.includes("*"))]).toEqual([metadata.name, []]);
    }
  });

  it("are bound to the operator's account and to nobody else", () => {
    for (const objects of [everywhere, inOne]) {
      for (const kind of ["ClusterRoleBinding", "RoleBinding"]) {
        for (const binding of ofKind(objects, kind)) {
          expect(binding["subjects"]).toEqual([
            { kind: "ServiceAccount", name: account, namespace: release.namespace },
          ]);
        }
      }
    }
    expect(the(everywhere, "ServiceAccount").metadata.name).toBe(account);
  });

  it("reach, with a watched namespace, nothing beyond it but nodes and the lease", () => {
    const grants = grantsOf(inOne, account);
    expect(grants.filter((grant) => grant.startsWith("* "))).toEqual(["* nodes list", "* nodes watch"]);
    expect(placesOf(grants)).toEqual(new Set(["*", "team", release.namespace]));
    expect(grants.filter((grant) => grant.startsWith(release.namespace))).toEqual(
      ["create", "get", "update"].map((verb) => `${release.namespace} leases.coordination.k8s.io ${verb}`),
    );
  });

  it("are the same in one namespace as in all", () => {
    const [some, all] = [inOne, everywhere].map((objects) =>
      grantsOf(objects, account)
        .map((grant) => grant.replace(/^team /, "* "))
        .toSorted(),
    );
    expect(some).toEqual(all);
  });

  it("cover the one lease that the operator is told to hold", () => {
    const named = rulesOf(the(everywhere, "Role", "-lease")).filter(({ verbs }) => !verbs.includes("create"));
    expect(named).toEqual([
      { apiGroups: ["coordination.k8s.io"], resources: ["leases"], resourceNames: [account], verbs: ["get", "update"] },
    ]);
  });

  it("let nobody read or write secrets, roles, or pods other than by patch", () => {
    const grants = grantsOf(everywhere, account);
    expect(grants.filter((grant) => /secrets|roles|rolebindings|webhook|admission/.test(grant))).toEqual([]);
    expect(grants.filter((grant) => grant.startsWith("* pods "))).toEqual([
      "* pods list",
      "* pods patch",
      "* pods watch",
    ]);
  });

  it("include the finalizers of owners only when asked to", async () => {
    const finalizers = (objects: readonly Manifest[]) =>
      grantsOf(objects, account).filter((grant) => grant.includes("/finalizers"));
    expect(finalizers(everywhere)).toEqual([]);
    expect(finalizers(await render({ "rbac.ownerFinalizers": true }))).toEqual([
      "* inferencedeployments.sweetspot.dev/finalizers update",
      "* tuningruns.sweetspot.dev/finalizers update",
    ]);
  });

  it("give users their part through the cluster's own roles, unless that is turned off", async () => {
    const aggregated = (objects: readonly Manifest[]) =>
      objects.filter(({ metadata }) =>
        Object.keys(metadata.labels ?? {}).some((label) => label.startsWith("rbac.authorization.k8s.io/aggregate-to-")),
      );
    for (const role of aggregated(everywhere)) {
      expect(rulesOf(role).flatMap(({ apiGroups }) => apiGroups)).toEqual(rulesOf(role).map(() => "sweetspot.dev"));
    }
    expect(aggregated(everywhere).length).toBe(2);
    expect(aggregated(await render({ "rbac.aggregateToUserRoles": false }))).toEqual([]);
  });
});
