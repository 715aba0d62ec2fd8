#!/usr/bin/env node
import { spawn } from "node:child_process";
import { ClusterError } from "./cluster-error.ts";
import { allBinaries, ensureBinaries, providers } from "./index.ts";
import { type CommandLine, help, parseCommandLine, UsageError } from "./options.ts";
import { CommandFailed } from "./process/run.ts";
import type { Provider } from "./provider.ts";

const print = (text: string) => process.stdout.write(`${text}\n`);

const start = performance.now();
const seconds = () => `${((performance.now() - start) / 1000).toFixed(1).padStart(6)} s`;

async function build(): Promise<number> {
  await ensureBinaries(allBinaries, (text) => print(`${seconds()}  ${text}`));
  return 0;
}

async function up(provider: Provider, { name, nodes, labels }: CommandLine): Promise<number> {
  const cluster = await provider.create({ name, nodes, labels, say: (text) => print(`${seconds()}  ${text}`) });
  print(`${seconds()}  cluster ${name} is ready: ${cluster.nodes.join(", ")}`);
  print(`\nexport KUBECONFIG=${cluster.kubeconfig}`);
  return 0;
}

async function down(provider: Provider, { name, all }: CommandLine): Promise<number> {
  const names = all ? await provider.names() : [name];
  for (const each of names) print((await provider.remove(each)) ? `${each}: removed` : `${each}: nothing was there`);
  if (names.length === 0) print("there are no clusters");
  return 0;
}

async function status(provider: Provider): Promise<number> {
  const names = await provider.names();
  for (const name of names) print(`${name}: ${await provider.state(name)}`);
  if (names.length === 0) print("there are no clusters");
  return 0;
}

async function load(provider: Provider, { name, rest }: CommandLine): Promise<number> {
  await (await provider.open(name)).load(rest[0] ?? "");
  return 0;
}

async function kubeconfig(provider: Provider, { name }: CommandLine): Promise<number> {
  print((await provider.open(name)).kubeconfig);
  return 0;
}

async function exec(provider: Provider, { name, rest }: CommandLine): Promise<number> {
  const { environment } = await provider.open(name);
  const [program = "", ...args] = rest;
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const child = spawn(program, args, { env: environment, stdio: "inherit" });
  child.on("error", () => reject(new ClusterError(`"${program}" could not be started. Is it in PATH?`)));
  child.on("close", (code) => resolve(code ?? 1));
  return promise;
}

async function main(args: readonly string[]): Promise<number> {
  const line = parseCommandLine(args);
  const provider = providers[line.provider];
  switch (line.command) {
    case "help":
      process.stdout.write(help);
      return 0;
    case "build":
      return build();
    case "up":
      return up(provider, line);
    case "down":
      return down(provider, line);
    case "status":
      return status(provider);
    case "load":
      return load(provider, line);
    case "kubeconfig":
      return kubeconfig(provider, line);
    case "exec":
      return exec(provider, line);
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const isForUser = error instanceof ClusterError || error instanceof CommandFailed;
  process.stderr.write(`cluster: ${isForUser ? error.message : (error as Error).stack}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
