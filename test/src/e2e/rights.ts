import type { Cluster } from "../../cluster/src/cluster.ts";
import type { AuditEvent } from "../../cluster/src/control-plane/audit-log.ts";

/** `verb group/resource[/subresource]`. */
export type Right = string;

const right = (verb: string, group: string, resource: string): Right => `${verb} ${group}/${resource}`;

/** The rights that an account used, as the audit log has them. A patch that creates is counted as both. */
export function usedRights(events: readonly AuditEvent[], account: string): Set<Right> {
  const rights = new Set<Right>();
  for (const { user, verb, objectRef, stage, responseStatus } of events) {
    if (user.username !== account || stage !== "ResponseComplete" || objectRef?.resource === undefined) continue;
    const subresource = objectRef.subresource === undefined ? "" : `/${objectRef.subresource}`;
    const resource = `${objectRef.resource}${subresource}`;
    rights.add(right(verb, objectRef.apiGroup ?? "", resource));
    // Server-side apply of an object that is not there needs the right to create it as well.
    if (verb === "patch" && responseStatus?.code === 201)
      rights.add(right("create", objectRef.apiGroup ?? "", resource));
  }
  return rights;
}

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly verbs: readonly string[];
}

interface Binding {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[];
}

/** The rights that the roles bound to an account grant. */
export async function grantedRights(cluster: Cluster, account: string): Promise<Set<Right>> {
  const [, , namespace, name] = account.split(":");
  const { items } = await cluster.kubectl.json<{ items: readonly Binding[] }>(
    "get",
    "rolebindings,clusterrolebindings",
    "-A",
  );
  const own = items.filter(({ subjects }) =>
    subjects?.some((one) => one.kind === "ServiceAccount" && one.name === name && one.namespace === namespace),
  );
  const rights = new Set<Right>();
  for (const binding of own) {
    for (const rule of await rulesOf(cluster, binding)) addRule(rights, rule);
  }
  return rights;
}

async function rulesOf(cluster: Cluster, { roleRef, metadata }: Binding): Promise<readonly Rule[]> {
  const where = roleRef.kind === "Role" ? ["-n", metadata.namespace ?? ""] : [];
  const role = await cluster.kubectl.json<{ rules: readonly Rule[] }>(
    "get",
    roleRef.kind.toLowerCase(),
    roleRef.name,
    ...where,
  );
  return role.rules;
}

function addRule(rights: Set<Right>, { apiGroups = [], resources = [], verbs }: Rule): void {
  for (const group of apiGroups) {
    for (const resource of resources) for (const verb of verbs) rights.add(right(verb, group, resource));
  }
}
