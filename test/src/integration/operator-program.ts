/**
 * An operator as a process of its own, for tests that stop processes: `operator-program.ts KUBECONFIG IDENTITY NAMESPACE`. It campaigns for
 * the lease `operator` of the namespace that it looks after, and exits with 3 when it has lost it.
 */

import { httpTransport, kubeconfigConnection, LeaseLostError } from "@sweetspot/operator";
import { OperatorProcess } from "./operator-process.ts";

const [file = "", identity = "", namespace = ""] = process.argv.slice(2);
const transport = httpTransport(await kubeconfigConnection({ file }));
const operator = new OperatorProcess(transport, { identity, namespace, lease: { namespace, name: "operator" } });
process.once("SIGTERM", () => void operator.stop().then(() => process.exit(0)));
operator.ended.catch((error: unknown) => process.exit(error instanceof LeaseLostError ? 3 : 1));
