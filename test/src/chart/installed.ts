import { httpTransport, kubeconfigConnection, type Transport } from "@sweetspot/operator";
import { expect, vi } from "vitest";
import { type ApiServer, startApiServer } from "../../cluster/src/api-server/api-server.ts";
import { binariesAreThere } from "../../cluster/src/binaries/binaries.ts";
import { controlPlaneBinaries } from "../../cluster/src/binaries/catalogue.ts";
import { type Manifest, operatorUser, release, render, type Values } from "./helm.ts";

/** Building the binaries takes many minutes; the cluster's own set-up does it before the tests. */
export const withoutApiServer = !(await binariesAreThere([...controlPlaneBinaries, "helm"]));

/** An API server with the chart's objects, of which nothing runs. */
export interface Installed extends AsyncDisposable {
  readonly server: ApiServer;
  readonly objects: readonly Manifest[];
  /** What the operator would send its requests through: under the name of its service account. */
  readonly transport: Transport;
}

export interface InstallOptions {
  readonly values?: Values;
  readonly serverArguments?: readonly string[];
  /** Namespaces that there should be. */
  readonly namespaces?: readonly string[];
}

/** Starts an API server and applies the chart to it. */
export async function install({ values, namespaces = [], serverArguments = [] }: InstallOptions): Promise<Installed> {
  const users = [{ name: operatorUser, groups: ["system:serviceaccounts", "system:authenticated"] }];
  const server = await startApiServer({ users, audit: true, serverArguments });
  try {
    for (const name of [release.namespace, ...namespaces]) await server.kubectl.apply(namespace(name));
    const objects = await render(values);
    await server.kubectl.apply(objects, "--validate=strict");
    await customResourcesAreServed(server);
    const transport = httpTransport(await kubeconfigConnection({ file: server.kubeconfigOf(operatorUser) }));
    const end = async () => {
      await transport.close();
      await server.stop();
    };
    return { server, objects, transport, [Symbol.asyncDispose]: end };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** A namespace that takes only pods within Pod Security restricted. */
const namespace = (name: string) => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name, labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
});

/** Established means accepted; the paths are served a moment later. */
async function customResourcesAreServed({ kubectl }: ApiServer): Promise<void> {
  await kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s");
  const list = async () => expect((await kubectl.attempt("get", "infd,tune", "-A")).code).toBe(0);
  await vi.waitFor(list, { timeout: 20_000, interval: 200 });
}
