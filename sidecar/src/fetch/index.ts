export { type Credentials, readCredentials } from "./credentials.ts";
export { FetchError } from "./fetch-error.ts";
export { fetchModel } from "./fetch-model.ts";
export { NetworkPolicy } from "./network-policy.ts";
export { type Places, sourceFiles } from "./source-files.ts";
