import { relative } from "node:path";
import { root } from "./paths.mjs";
import { linkTo } from "./settings.mjs";

/** Whether what was made for the first admin is new to the person and belongs to this database. */
export const showsCredentials = ({ admin, tokenWorks }) => !admin.shown && !isForeign({ admin, tokenWorks });
const isForeign = ({ admin, tokenWorks }) => tokenWorks === false && !admin.shown && !admin.tokenGiven;

/** What a person needs to know once everything runs. Credentials that were made are among it the first time only. */
export function bannerLines({ settings, admin, demo, demoOn, dev, tokenWorks }) {
  const studioUrl = linkTo(settings.host, settings.port);
  const file = relative(root, admin.file).startsWith("..") ? admin.file : relative(root, admin.file);
  const lines = [
    "",
    "  Portico is running.",
    "",
    `  Dashboard   ${studioUrl}`,
    `  Gateway     ${linkTo(settings.host, settings.gatewayPort)}`,
  ];
  if (demoOn)
    lines.push(`  Demo vendor ${linkTo(settings.host, settings.demoVendorPort)} (speaks OpenAI's and Anthropic's APIs, costs nothing)`);
  if (isForeign({ admin, tokenWorks })) {
    lines.push("", "  This database had an admin already: sign in with the account you know.");
  } else if (showsCredentials({ admin, tokenWorks })) {
    lines.push(`  Admin       ${admin.email}`);
    lines.push(`  Password    ${admin.passwordGiven ? "as given in ADMIN_PASSWORD" : admin.password}`);
    lines.push(`  API token   ${admin.tokenGiven ? "as given in ADMIN_API_TOKEN" : admin.apiToken}`);
    if (demo) lines.push(`  Portal      ${demo.portal_email}, password ${demo.portal_password}`);
    lines.push("", ...firstCommand({ demo, settings, studioUrl, token: admin.tokenGiven ? "$ADMIN_API_TOKEN" : admin.apiToken }));
    if (!admin.passwordGiven || !admin.tokenGiven) lines.push(`  Kept in     ${file} (only you can read it; not shown again)`);
  } else {
    lines.push(`  Admin       ${admin.email}; the first password and API token are in ${file}`);
    if (tokenWorks === false) lines.push("              (the token there is no longer valid; the password may have been changed too)");
    else lines.push("              (as they were made; a password changed since is not in it)");
  }
  lines.push(`  Stop        Ctrl-C${dev ? "   Sources are watched; what changes is reloaded." : ""}`, "");
  return lines;
}

/** Something to paste that shows the product at work: a call through the gateway, or the API where there is no demo. */
function firstCommand({ demo, settings, studioUrl, token }) {
  const llm = demo?.llms.find((one) => one.vendor === "openai");
  if (!llm) return [`  Try         curl -H "Authorization: Bearer ${token}" ${studioUrl}/api/v1/llms`];
  return [
    `  Try         curl ${linkTo(settings.host, settings.gatewayPort)}/llm/call/${llm.slug}/v1/chat/completions \\`,
    `                -H "Authorization: Bearer ${demo.secret}" -H "Content-Type: application/json" \\`,
    `                -d '{"model":"${llm.model}","messages":[{"role":"user","content":"Hello"}]}'`,
  ];
}
