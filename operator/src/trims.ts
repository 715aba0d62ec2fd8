import type { Container, ContainerStatus, Job, Node, Pod } from "./resources.ts";
import type { ObjectMeta } from "./runtime/index.ts";

/**
 * What caches keep of objects that the operator reads and does not apply: the fields that it looks at, which `resources.ts` names. Pods and
 * nodes are most of what a cluster has, and most of each is for others.
 */

/** The operator's own keys, and what people look for. */
const keptOf = ({ name, namespace, uid, resourceVersion, ...rest }: ObjectMeta): ObjectMeta => {
  const { generation, creationTimestamp, deletionTimestamp, labels, annotations, ownerReferences } = rest;
  return defined({
    ...{ name, namespace, uid, resourceVersion, generation, creationTimestamp, deletionTimestamp },
    ...{ labels, annotations, ownerReferences },
  });
};

const containerOf = ({ name, image, resources }: Container): Container => defined({ name, image, resources });

const statusOf = ({ name, ready, started, restartCount, state, lastState }: ContainerStatus): ContainerStatus =>
  defined({ name, ready, started, restartCount, state, lastState });

export function trimPod(pod: Pod): Pod {
  const { metadata, spec, status } = pod;
  const { phase, reason, message, podIP, qosClass, startTime, conditions } = status ?? {};
  const { initContainerStatuses, containerStatuses } = status ?? {};
  return defined({
    ...typeOf(pod),
    metadata: keptOf(metadata),
    spec: spec && defined({ nodeName: spec.nodeName, containers: spec.containers.map(containerOf) }),
    status:
      status &&
      defined({
        ...{ phase, reason, message, podIP, qosClass, startTime, conditions },
        initContainerStatuses: initContainerStatuses?.map(statusOf),
        containerStatuses: containerStatuses?.map(statusOf),
      }),
  });
}

/** Jobs are made once and never changed: their spec is never looked at again. */
export function trimJob(job: Job): Job {
  return defined({ ...typeOf(job), metadata: keptOf(job.metadata), status: job.status });
}

/** Of nodes only labels are looked at; their images alone take kilobytes. */
export function trimNode(node: Node): Node {
  const { name, uid, resourceVersion, labels } = node.metadata;
  return { ...typeOf(node), metadata: defined({ name, uid, resourceVersion, labels }) };
}

const typeOf = ({ apiVersion, kind }: { readonly apiVersion?: string; readonly kind?: string }) =>
  defined({ apiVersion, kind });

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Without fields that are undefined. */
const defined = <T extends object>(object: T): Defined<T> =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>;
