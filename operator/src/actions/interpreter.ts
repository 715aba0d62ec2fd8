import { answerReplan, type ReplanDependencies } from "../planning/answer-replan.ts";
import { pods } from "../resources.ts";
import {
  ApiError,
  type Applier,
  type Cache,
  type EventRecorder,
  type KubernetesObject,
  type Resource,
} from "../runtime/index.ts";
import { storeResult, takeAnswer } from "../tuning-run/store-result.ts";
import type {
  Action,
  AnnotatePodAction,
  ApplyAction,
  ApplyStatusAction,
  CreateAction,
  DeleteAction,
} from "./action.ts";

export interface InterpreterOptions extends ReplanDependencies {
  readonly applier: Applier;
  readonly events: EventRecorder;
  /** The caches of everything that is applied, so that a reconcile sees what the one before it wrote. */
  readonly caches: readonly Cache<never>[];
  /** Called after each action: tests end the process here, for any action. */
  readonly afterAction?: (action: Action) => void;
}

/** The error of what the API server will not have; null where all was done. Throws all other errors. */
export async function refusalOf(run: () => Promise<void>): Promise<ApiError | null> {
  try {
    await run();
    return null;
  } catch (error) {
    if (error instanceof ApiError && error.refused) return error;
    throw error;
  }
}

/**
 * Carries out `actions`. Where the API server will not have an object, nothing after it is done, and status stands after it: then
 * status alone is brought to what `told` plans of the refusal, which is given to be tried again.
 */
export async function runOrTell(
  interpreter: Interpreter,
  actions: readonly Action[],
  told: (refusal: string) => readonly Action[],
  signal: AbortSignal,
): Promise<ApiError | null> {
  const refused = await refusalOf(() => interpreter.run(actions, signal));
  if (refused !== null) await interpreter.run(told(refused.message).filter(isStatus), signal);
  return refused;
}

const isStatus = ({ kind }: Action): boolean => kind === "ApplyStatus";

/** Carries out plans. Every action may be repeated: a process that dies between two of them loses nothing. */
export class Interpreter {
  readonly #options: InterpreterOptions;

  constructor(options: InterpreterOptions) {
    this.#options = options;
  }

  /** In order; the first failure ends it. Throws `ApiError`. */
  async run(actions: readonly Action[], signal: AbortSignal): Promise<void> {
    for (const action of actions) {
      signal.throwIfAborted();
      await this.#do(action, signal);
      this.#options.afterAction?.(action);
    }
  }

  async #do(action: Action, signal: AbortSignal): Promise<void> {
    switch (action.kind) {
      case "Apply":
        return await this.#apply(action, signal);
      case "Create":
        return await this.#create(action, signal);
      case "Delete":
        return await this.#delete(action, signal);
      case "AnnotatePod":
        return await this.#annotate(action, signal);
      case "ApplyStatus":
        return await this.#applyStatus(action, signal);
      case "RecordEvent":
        return this.#options.events.record(action);
      case "Replan":
        return await this.#apply(await answerReplan(this.#options, action, signal), signal);
      case "TakeAnswer":
        return await this.#apply(await takeAnswer(this.#options.client, action, signal), signal);
      case "StoreResult":
        return await this.#apply(await storeResult(this.#options.client, action, signal), signal);
    }
  }

  async #apply({ resource, manifest }: Omit<ApplyAction, "kind">, signal: AbortSignal): Promise<void> {
    await this.#options.applier.apply(this.#cacheOf(resource), manifest, { signal });
  }

  async #create({ resource, manifest, owner }: CreateAction, signal: AbortSignal): Promise<void> {
    if (!(await this.#isAlive(owner, signal))) return;
    try {
      this.#cacheOf(resource).offer(await this.#options.client.create(resource, manifest, { signal }));
    } catch (error) {
      if (!(error instanceof ApiError && error.alreadyExists)) throw error;
    }
  }

  async #isAlive({ resource, object }: CreateAction["owner"], signal: AbortSignal): Promise<boolean> {
    const found = await this.#options.client.find(resource, object.metadata, { signal });
    return (
      found !== null && found.metadata.uid === object.metadata.uid && found.metadata.deletionTimestamp === undefined
    );
  }

  async #delete({ resource, object }: DeleteAction, signal: AbortSignal): Promise<void> {
    const { uid } = object.metadata;
    try {
      await this.#options.client.delete(resource, object.metadata, { uid, signal });
    } catch (error) {
      // Another object has taken its name: the one that was meant is gone.
      if (!(error instanceof ApiError && error.conflict)) throw error;
    }
  }

  /** The UID in the patch makes it fail on a pod that was made anew under the name. */
  async #annotate({ pod, annotations }: AnnotatePodAction, signal: AbortSignal): Promise<void> {
    const patch = { metadata: { uid: pod.metadata.uid, annotations } };
    try {
      this.#cacheOf(pods).offer(await this.#options.client.mergePatch(pods, pod.metadata, patch, { signal }));
    } catch (error) {
      if (!(error instanceof ApiError && (error.notFound || error.conflict))) throw error;
    }
  }

  async #applyStatus({ resource, object, status }: ApplyStatusAction, signal: AbortSignal): Promise<void> {
    const { name, namespace, uid } = object.metadata;
    const manifest = { metadata: { name, ...(namespace && { namespace }), ...(uid && { uid }) }, status };
    await this.#options.applier.apply(this.#cacheOf(resource), manifest, { subresource: "status", signal });
  }

  #cacheOf(resource: Resource): Cache<KubernetesObject> {
    const cache = this.#options.caches.find(
      ({ resource: own }) => own.kind === resource.kind && own.group === resource.group,
    );
    if (cache === undefined) throw new TypeError(`There is no cache of ${resource.kind}.`);
    return cache as unknown as Cache<KubernetesObject>;
  }
}
