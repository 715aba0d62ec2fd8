import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Binaries, ensureBinaries } from "../binaries/binaries.ts";
import { controlPlaneBinaries } from "../binaries/catalogue.ts";
import { ClusterError } from "../cluster-error.ts";
import { type AuditEvent, readAuditLog } from "../control-plane/audit-log.ts";
import {
  administrator,
  kubeconfig,
  newTokens,
  type User,
  writeControlPlaneFiles,
} from "../control-plane/credentials.ts";
import {
  apiServerArguments,
  apiServerGraceMilliseconds,
  type ControlPlaneSite,
  controlPlaneFiles,
  etcdArguments,
} from "../control-plane/flags.ts";
import { statusOf, waitUntil } from "../control-plane/readiness.ts";
import { type Kubectl, kubectlFor } from "../kubectl.ts";
import { startTiedChild, type TiedChild } from "../process/tied-child.ts";
import { freePorts } from "./free-ports.ts";

/** How an API server for a test is started. */
export interface ApiServerOptions {
  /** Users beside the administrator, each with a kubeconfig of its own: for tests of RBAC. */
  readonly users?: readonly User[];
  /** Whether `auditLog` has something to say. Default false. */
  readonly audit?: boolean;
  /** Further arguments of kube-apiserver. */
  readonly serverArguments?: readonly string[];
  /** Told about builds of missing binaries. */
  readonly say?: (text: string) => void;
}

const readyMilliseconds = 60_000;
const attempts = 3;

/**
 * etcd and kube-apiserver on 127.0.0.1, like controller-runtime's envtest: no root, no nodes, no controllers, no
 * scheduler, RBAC on. Objects are stored, validated and watched; nothing else happens to them. In particular nothing
 * is garbage-collected, and pods need no service account.
 * Throws `ClusterError` when it does not become ready, with the end of its log.
 */
export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const binaries = await ensureBinaries(controlPlaneBinaries, options.say);
  for (let attempt = 1; ; attempt++) {
    const server = await ApiServer.prepare(binaries, options);
    try {
      await server.start();
      return server;
    } catch (error) {
      await server.stop();
      // Another program took one of the ports between our look and its use: look again.
      if (attempt === attempts || !/address already in use/.test(String(error))) throw error;
    }
  }
}

/** A running API server. `await using` stops it and removes its files; so does the end of this process, however it ends. */
export class ApiServer implements AsyncDisposable {
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  readonly kubectl: Kubectl;
  readonly #binaries: Binaries<"etcd" | "kube-apiserver" | "kubectl">;
  readonly #site: ControlPlaneSite;
  readonly #options: ApiServerOptions;
  readonly #tokens: ReadonlyMap<string, string>;
  #etcd: TiedChild | null = null;
  #server: TiedChild | null = null;

  private constructor(
    binaries: Binaries<"etcd" | "kube-apiserver" | "kubectl">,
    site: ControlPlaneSite,
    options: ApiServerOptions,
  ) {
    const users = [administrator, ...(options.users ?? [])];
    this.#binaries = binaries;
    this.#site = site;
    this.#options = options;
    this.#tokens = newTokens(users);
    writeControlPlaneFiles(site.folder, users, this.#tokens);
    this.url = `https://${site.address}:${site.apiPort}`;
    this.kubeconfig = this.kubeconfigOf(administrator.name);
    this.kubectl = kubectlFor(binaries.kubectl, this.kubeconfig);
  }

  /** @internal Use `startApiServer`. */
  static async prepare(
    binaries: Binaries<"etcd" | "kube-apiserver" | "kubectl">,
    options: ApiServerOptions,
  ): Promise<ApiServer> {
    const [apiPort = 0, etcdPort = 0, etcdPeerPort = 0] = await freePorts(3);
    const site = {
      folder: mkdtempSync(join(tmpdir(), "sweetspot-api-server-")),
      address: "127.0.0.1",
      apiPort,
      etcdPort,
      etcdPeerPort,
      // Room for a thousand Services.
      serviceRange: "10.0.0.0/20",
      hasNodes: false,
      audit: options.audit ?? false,
    };
    return new ApiServer(binaries, site, options);
  }

  /** @internal Use `startApiServer`. */
  async start(): Promise<void> {
    const log = join(this.#site.folder, "etcd.log");
    this.#etcd = startTiedChild([this.#binaries.etcd, ...etcdArguments(this.#site)], log);
    await this.startServer();
    const authority = readFileSync(this.#authorityFile, "utf8");
    for (const [user, token] of this.#tokens) {
      writeFileSync(this.kubeconfigOf(user), kubeconfig(this.url, authority, token), { mode: 0o600 });
    }
  }

  /** Path of the kubeconfig of one of the users in `options.users`. */
  kubeconfigOf(user: string): string {
    return join(this.#site.folder, `${user.replaceAll(/[^\w.-]/g, "_")}.kubeconfig`);
  }

  /** Everything that was asked so far, when `audit` is on. */
  auditLog(): AuditEvent[] {
    return readAuditLog(join(this.#site.folder, controlPlaneFiles.auditLog));
  }

  /** Ends kube-apiserver only: clients see refused connections until `startServer`. Data and port stay. */
  async stopServer(): Promise<void> {
    await this.#server?.stop(apiServerGraceMilliseconds);
    this.#server = null;
  }

  /** Starts kube-apiserver on the same port with the same data and returns when it is ready. */
  async startServer(): Promise<void> {
    if (this.#server?.isRunning()) return;
    const args = [...apiServerArguments(this.#site), ...(this.#options.serverArguments ?? [])];
    const server = startTiedChild([this.#binaries["kube-apiserver"], ...args], this.#serverLog);
    this.#server = server;
    const token = this.#tokens.get(administrator.name) ?? "";
    const isReady = async () => (await statusOf(`${this.url}/readyz`, this.#authorityFile, token)) === 200;
    const check = () => this.#checkRunning(server);
    if (await waitUntil(isReady, { milliseconds: readyMilliseconds, check })) return;
    throw new ClusterError(`kube-apiserver was not ready after ${readyMilliseconds / 1000} s:\n${this.#lastLog()}`);
  }

  /** `stopServer`, then `startServer`. */
  async restart(): Promise<void> {
    await this.stopServer();
    await this.startServer();
  }

  /** Ends everything and removes the files. */
  async stop(): Promise<void> {
    // The data are thrown away, so there is nothing that a graceful end would save.
    await Promise.all([this.#server?.stop(0), this.#etcd?.stop(0)]);
    rmSync(this.#site.folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  get #authorityFile(): string {
    return join(this.#site.folder, controlPlaneFiles.authority);
  }

  get #serverLog(): string {
    return join(this.#site.folder, "kube-apiserver.log");
  }

  #checkRunning(server: TiedChild): void {
    if (server.isRunning() && this.#etcd?.isRunning()) return;
    throw new ClusterError(`The API server ended while it was started:\n${this.#lastLog()}`);
  }

  #lastLog(): string {
    const files = [join(this.#site.folder, "etcd.log"), this.#serverLog];
    return files.map((file) => readFileSync(file, "utf8").split("\n").slice(-10).join("\n")).join("\n");
  }
}
