import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const group = "external.metrics.k8s.io";
const version = "v1beta1";
const service = { name: "external-metrics", namespace: "kube-system" };

/**
 * Stands in for a metrics adapter: serves external.metrics.k8s.io behind the aggregation layer of an API server, with values that
 * the test sets. Needs openssl(1) for its certificate.
 */
export class ExternalMetrics implements AsyncDisposable {
  /** The value of a metric by its name, the same in all namespaces. */
  readonly values = new Map<string, number>();
  /** Paths with selectors that were asked for. */
  readonly asked = new Set<string>();
  readonly #server: Server;
  readonly #certificate: string;

  private constructor({ key, certificate }: { readonly key: string; readonly certificate: string }) {
    this.#certificate = certificate;
    this.#server = createServer({ key, cert: certificate }, ({ url = "" }, response) => {
      const answer = this.#answer(new URL(url, "https://localhost"));
      response.writeHead(answer === null ? 404 : 200, { "content-type": "application/json" });
      response.end(JSON.stringify(answer ?? { apiVersion: "v1", kind: "Status", status: "Failure", code: 404 }));
    });
  }

  static async start(): Promise<ExternalMetrics> {
    const own = new ExternalMetrics(makeCertificate(`${service.name}.${service.namespace}.svc`));
    own.#server.listen(0, "127.0.0.1").unref();
    await once(own.#server, "listening");
    return own;
  }

  /** What tells an API server of this one. It reaches the Service by its external name, since there is no Service network. */
  get manifests(): readonly object[] {
    const { port } = this.#server.address() as AddressInfo;
    return [
      {
        ...{ apiVersion: "v1", kind: "Service", metadata: service },
        spec: { type: "ExternalName", externalName: "localhost" },
      },
      {
        ...{ apiVersion: "apiregistration.k8s.io/v1", kind: "APIService", metadata: { name: `${version}.${group}` } },
        spec: {
          ...{ group, version, groupPriorityMinimum: 100, versionPriority: 100, service: { ...service, port } },
          caBundle: Buffer.from(this.#certificate).toString("base64"),
        },
      },
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close().closeAllConnections();
  }

  #answer({ pathname, searchParams }: URL): object | null {
    const root = `/apis/${group}/${version}`;
    if (pathname === root) return this.#resources();
    const [, metric = ""] = /\/namespaces\/[^/]+\/([^/]+)$/.exec(pathname) ?? [];
    const value = this.values.get(metric);
    if (!pathname.startsWith(`${root}/`) || value === undefined) return null;
    this.asked.add(`${pathname.slice(root.length)} ${searchParams.get("labelSelector") ?? ""}`);
    const item = { metricName: metric, metricLabels: {}, timestamp: new Date().toISOString(), value: `${value}` };
    return { kind: "ExternalMetricValueList", apiVersion: `${group}/${version}`, metadata: {}, items: [item] };
  }

  #resources(): object {
    const common = { singularName: "", namespaced: true, kind: "ExternalMetricValueList", verbs: ["get"] };
    const resources = [...this.values.keys()].map((name) => ({ name, ...common }));
    return { kind: "APIResourceList", apiVersion: "v1", groupVersion: `${group}/${version}`, resources };
  }
}

/** A certificate for one name that is its own authority. */
function makeCertificate(name: string): { readonly key: string; readonly certificate: string } {
  const folder = mkdtempSync(join(tmpdir(), "sweetspot-certificate-"));
  try {
    const [key, certificate] = ["key.pem", "certificate.pem"].map((file) => join(folder, file)) as [string, string];
    const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-keyout", key, "-out", certificate];
    const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`];
    execFileSync("openssl", ["req", "-x509", "-nodes", "-days", "2", ...kind, ...subject], { stdio: "ignore" });
    return { key: readFileSync(key, "utf8"), certificate: readFileSync(certificate, "utf8") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
