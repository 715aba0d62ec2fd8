import { kindProvider } from "./kind/provider.ts";
import { localProvider } from "./local/provider.ts";
import type { Provider } from "./provider.ts";

/** The ways to have a cluster, by the name that the command takes. */
export const providers = { local: localProvider, kind: kindProvider } as const satisfies Record<string, Provider>;

export type ProviderName = keyof typeof providers;
