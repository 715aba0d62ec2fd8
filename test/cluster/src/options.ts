import { parseArgs } from "node:util";
import { ClusterError } from "./cluster-error.ts";

const commands = ["build", "up", "down", "status", "load", "kubeconfig", "exec"] as const;

/** A parsed command line. */
export interface CommandLine {
  readonly command: (typeof commands)[number] | "help";
  readonly name: string;
  readonly nodes: 1 | 2;
  readonly provider: "local" | "kind";
  readonly labels: Readonly<Record<string, string>>;
  readonly all: boolean;
  /** What follows the command: an archive for `load`, a command line for `exec`. */
  readonly rest: readonly string[];
}

export const help = `Use: npm run cluster -- COMMAND [OPTIONS]

  build                                    builds the programs that are missing (up does that too)
  up [--nodes 1|2] [--label KEY=VALUE]...  makes a cluster, after removing what an earlier one of the name has left
  down [--all]                             removes a cluster, also a half-made one; --all: every one
  status                                   lists the clusters
  load ARCHIVE                             loads the images of an OCI or Docker archive on every node
  kubeconfig                               prints the path of the administrator's kubeconfig
  exec -- COMMAND...                       runs a command with KUBECONFIG set and kubectl, helm, kwok and ctr in PATH

Options of all commands:
  --name NAME             the cluster's name (default: sweetspot)
  --provider local|kind   local (default): namespaces of this host, needs root; kind: needs a container engine

Exit codes: 0 done, 1 failed, 2 wrong use; exec gives that of its command.
`;

/** A command line that cannot be understood. */
export class UsageError extends ClusterError {}

/** Parses what follows `npm run cluster --`. Throws `UsageError`. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const separator = args.indexOf("--");
  const own = separator === -1 ? args : args.slice(0, separator);
  const { values, positionals } = parse(own);
  const [word = "help", ...words] = positionals;
  const command = commands.find((candidate) => candidate === word);
  if (values.help || word === "help") return { ...parsed(values), command: "help", rest: [] };
  if (command === undefined) throw new UsageError(`"${word}" is no command. They are: ${commands.join(", ")}.`);
  const rest = separator === -1 ? words : [...words, ...args.slice(separator + 1)];
  checkRest(command, rest);
  return { ...parsed(values), command, rest };
}

const parse = (args: readonly string[]) => {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        name: { type: "string", default: "sweetspot" },
        nodes: { type: "string", default: "1" },
        provider: { type: "string", default: "local" },
        label: { type: "string", multiple: true, default: [] },
        all: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
};

function parsed(values: ReturnType<typeof parse>["values"]): Omit<CommandLine, "command" | "rest"> {
  const { name, nodes, provider, label, all } = values;
  if (nodes !== "1" && nodes !== "2") throw new UsageError(`--nodes takes 1 or 2, not ${nodes}.`);
  if (provider !== "local" && provider !== "kind")
    throw new UsageError(`--provider takes local or kind, not ${provider}.`);
  return { name, nodes: nodes === "1" ? 1 : 2, provider, labels: Object.fromEntries(label.map(keyAndValue)), all };
}

function keyAndValue(text: string): [string, string] {
  const at = text.indexOf("=");
  if (at < 1) throw new UsageError(`--label takes KEY=VALUE, not ${text}.`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function checkRest(command: (typeof commands)[number], rest: readonly string[]): void {
  if (command === "load" && rest.length !== 1) throw new UsageError("load takes one archive.");
  if (command === "exec" && rest.length === 0) throw new UsageError("exec takes a command after --.");
  if (command !== "load" && command !== "exec" && rest.length > 0) {
    throw new UsageError(`${command} does not take "${rest.join(" ")}".`);
  }
}
