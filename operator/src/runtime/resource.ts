/** `metadata.ownerReferences[]`. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** The part of `metadata` that the runtime uses. What the API server fills in is optional, because manifests lack it. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  readonly managedFields?: readonly unknown[];
}

export interface KubernetesObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
}

/** Where a kind of object lives in the API. `T` is the type of its objects. */
export interface Resource<T extends KubernetesObject = KubernetesObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Carries the type; never present at run time. */
  readonly objectType?: T;
}

export interface ObjectReference {
  readonly name: string;
  readonly namespace?: string;
}

export function apiVersionOf(resource: Resource): string {
  return resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
}

/** `namespace/name`, or `name` for cluster-scoped objects: the key of queues and caches. */
export function keyOf(reference: ObjectReference): string {
  return reference.namespace === undefined ? reference.name : `${reference.namespace}/${reference.name}`;
}

/** The inverse of `keyOf`. */
export function referenceOf(key: string): ObjectReference {
  const slash = key.indexOf("/");
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** The key of an object's metadata. */
export function keyOfObject(object: KubernetesObject): string {
  return keyOf(object.metadata);
}

export interface PathParts {
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

/**
 * The URL path of a resource, an object or a subresource.
 * @throws {TypeError} when an object of a namespaced resource is named without its namespace.
 */
export function pathOf(resource: Resource, parts: PathParts = {}): string {
  if (resource.namespaced && parts.name !== undefined && parts.namespace === undefined) {
    throw new TypeError(`${resource.kind} ${parts.name} needs a namespace: the resource is namespaced.`);
  }
  const segments = resource.group === "" ? ["api", resource.version] : ["apis", resource.group, resource.version];
  if (resource.namespaced && parts.namespace !== undefined) segments.push("namespaces", parts.namespace);
  segments.push(resource.plural);
  if (parts.name !== undefined) segments.push(parts.name);
  if (parts.subresource !== undefined) segments.push(parts.subresource);
  return `/${segments.map(encodeURIComponent).join("/")}`;
}
