import type { Command } from "commander";

/** Which cluster, and where in it. */
export interface ClusterOptions {
  readonly namespace?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
}

/** Adds the options that kubectl itself has for this. */
export const addClusterOptions = (command: Command): Command =>
  command
    .option("-n, --namespace <name>", "namespace (default: that of the kubeconfig's context)")
    .option("--context <name>", "context of the kubeconfig (default: the current one)")
    .option("--kubeconfig <file>", "kubeconfig (default: $KUBECONFIG, else ~/.kube/config)");

/** Adds the option that says which target of an InferenceDeployment is meant. */
export const addTargetOption = (command: Command): Command =>
  command.option("--target <name>", "name of the target; needed where there are several");

export interface OneTargetOptions extends ClusterOptions {
  readonly target?: string;
  readonly json?: boolean;
}
