import { q } from "../api/query.ts";

export const myAppKey = (id: string) => q("apps", `/common/apps/${encodeURIComponent(id)}`);
export const myAppLlmsKey = (id: string) => q("apps", `/common/apps/${encodeURIComponent(id)}/llms`);
export const myAppCredentialsKey = (id: string) => q("apps", `/common/apps/${encodeURIComponent(id)}/credentials`);
