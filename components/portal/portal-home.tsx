"use client";

import { Button } from "@mantine/core";
import { IconArrowRight } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import type { AppAttributes } from "../../server/apps/contract.ts";
import type { FrontendConfig } from "../../server/system/contract.ts";
import { api, q, rowsOf } from "../api/query.ts";
import type { List } from "../api/types.ts";
import { usePluginSections } from "../shell/side-nav.tsx";
import { CopyLine } from "../ui/code.tsx";
import { Empty } from "../ui/empty.tsx";
import { PageHeader, Section } from "../ui/page.tsx";
import classes from "./portal-home.module.css";

/** Where a portal user begins: how to call an LLM, and the pages that are open to them. */
export function PortalHome({ name, groups }: { name: string; groups: string[] }) {
  const sections = usePluginSections("portal");
  return (
    <>
      <PageHeader title={`Welcome, ${name}`} lead={groups.length > 0 ? `You are in ${groups.join(", ")}.` : undefined} />
      <CallLlms />
      {sections.map((section) => (
        <Section key={section.id} title={section.label || section.plugin_name}>
          <ul className={classes.pages}>
            {section.sub_items.map((item) => (
              <li key={item.id}>
                <Link href={item.path}>
                  {item.text}
                  <IconArrowRight size={16} aria-hidden />
                </Link>
              </li>
            ))}
          </ul>
        </Section>
      ))}
    </>
  );
}

const shownApps = 5;

/** The way to a key: the user's apps, or how to get one. */
function CallLlms() {
  const { data: config } = useQuery<FrontendConfig>(api.config);
  const apps = useQuery<List<AppAttributes>>(q("apps", `/common/apps?page_size=${shownApps}&sort=name`));
  const rows = rowsOf(apps.data);
  if (apps.isSuccess && rows.length === 0)
    return (
      <div className="surface">
        <Empty
          title="Call an LLM"
          action={
            <Button component={Link} href="/portal/apps/new">
              Create app
            </Button>
          }
        >
          To call an LLM, your program needs a key, and a key belongs to an app. Look at the <Link href="/portal/catalogue">catalogue</Link>
          , then create one. It appears here, with its address, usage and a snippet to copy.
        </Empty>
      </div>
    );
  return (
    <Section
      title="Call an LLM"
      lead="Your apps have the addresses and snippets that your programs need."
      actions={<Link href="/portal/apps">My apps</Link>}
    >
      <ul className={classes.pages}>
        {rows.map((app) => (
          <li key={app.id}>
            <Link href={`/portal/apps/${app.id}`}>
              {app.attributes.name}
              <IconArrowRight size={16} aria-hidden />
            </Link>
          </li>
        ))}
      </ul>
      {config && (
        <p style={{ marginTop: 12 }}>
          Gateway <CopyLine value={config.proxyURL} what="gateway address" />
        </p>
      )}
    </Section>
  );
}
