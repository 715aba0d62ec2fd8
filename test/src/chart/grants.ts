import type { AuditEvent } from "../../cluster/src/index.ts";
import { type Manifest, ofKind } from "./helm.ts";

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

interface Subject {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

/** One right: where (a namespace, or `*` for the whole cluster), what, and what may be done with it. */
export type Grant = `${string} ${string} ${string}`;

export const rulesOf = (role: Manifest): readonly Rule[] => role["rules"] as Rule[];

/** Every right that the bindings among the objects give a service account, one a line, sorted. */
export function grantsOf(objects: readonly Manifest[], account: string): Grant[] {
  const bindings = [...ofKind(objects, "ClusterRoleBinding"), ...ofKind(objects, "RoleBinding")].filter((binding) =>
    ((binding["subjects"] ?? []) as Subject[]).some(({ kind, name }) => kind === "ServiceAccount" && name === account),
  );
  const grants = bindings.flatMap((binding) => {
    const place = binding.metadata.namespace ?? "*";
    return rulesOf(roleOf(objects, binding)).flatMap((rule) =>
      grantsOfRule(rule).map(([what, verb]) => `${place} ${what} ${verb}` as Grant),
    );
  });
  return [...new Set(grants)].sort();
}

function roleOf(objects: readonly Manifest[], binding: Manifest): Manifest {
  const { kind, name } = binding["roleRef"] as Subject;
  const role = ofKind(objects, kind).find(
    ({ metadata }) =>
      metadata.name === name && (kind === "ClusterRole" || metadata.namespace === binding.metadata.namespace),
  );
  if (role === undefined)
    throw new Error(`${binding.kind} ${binding.metadata.name} names a ${kind} that is not there.`);
  return role;
}

/** What may be done, wherever: grants without their place. */
export const rightsOf = (grants: readonly Grant[]): string[] =>
  [...new Set(grants.map((grant) => grant.replace(/^\S+ /, "")))].toSorted();

/** The rights that a user's answered requests have used, in the words of `rightsOf`. */
export function rightsUsed(events: readonly AuditEvent[], username: string): string[] {
  const rights = events
    .filter(({ user, objectRef }) => user.username === username && objectRef?.resource !== undefined)
    .flatMap(({ verb, objectRef, responseStatus }) => {
      const { apiGroup = "", resource = "", subresource } = objectRef ?? {};
      const what = qualified(apiGroup, subresource === undefined ? resource : `${resource}/${subresource}`);
      // Server-side apply of an object that is not there needs `create` too; the audit log calls it a patch.
      const creates = verb === "patch" && responseStatus?.code === 201;
      return [`${what} ${verb}`, ...(creates ? [`${what} create`] : [])];
    });
  return [...new Set(rights)].toSorted();
}

const grantsOfRule = ({ apiGroups = [], resources = [], verbs }: Rule): [what: string, verb: string][] =>
  apiGroups.flatMap((group) =>
    resources.flatMap((resource) => verbs.map((verb): [string, string] => [qualified(group, resource), verb])),
  );

/** `deployments.apps`, `pods/log`, `tuningruns.sweetspot.dev/status`: as kubectl says it. */
function qualified(group: string, resource: string): string {
  const [plural, ...subresource] = resource.split("/");
  return [group === "" ? plural : `${plural}.${group}`, ...subresource].join("/");
}
