import { text } from "node:stream/consumers";
import { providers } from "./providers.ts";
import { released } from "./watchdog.ts";

const [provider, name] = process.argv.slice(2) as [keyof typeof providers, string];
// Throws where another command makes or removes a cluster of that name: then it is that one's to care for.
if ((await text(process.stdin)) !== released) await providers[provider].remove(name);
