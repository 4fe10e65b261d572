"use client";

import { IconArrowRight } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import type { FrontendConfig } from "../../server/system/contract.ts";
import { api } from "../api/query.ts";
import { usePluginSections } from "../shell/side-nav.tsx";
import { CopyLine } from "../ui/code.tsx";
import { Empty } from "../ui/empty.tsx";
import { PageHeader, Section } from "../ui/page.tsx";
import classes from "./portal-home.module.css";

/** Where a portal user begins: what is open to them, and where calls go. */
export function PortalHome({ name, groups }: { name: string; groups: string[] }) {
  const sections = usePluginSections("portal");
  const { data: config } = useQuery<FrontendConfig>(api.config);
  return (
    <>
      <PageHeader title={`Welcome, ${name}`} lead={groups.length > 0 ? `You are in ${groups.join(", ")}.` : undefined} />
      {sections.length === 0 ? (
        <div className="surface">
          <Empty title="Nothing is open to you here yet">
            Pages appear in this portal when an administrator installs plugins that supply them and opens them to your groups.
          </Empty>
        </div>
      ) : (
        sections.map((section) => (
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
        ))
      )}
      {config && (
        <Section title="Gateway" lead="Programs of yours call LLMs at this address, with the credential an administrator gives their app.">
          <CopyLine value={config.proxyURL} what="gateway address" />
        </Section>
      )}
    </>
  );
}
