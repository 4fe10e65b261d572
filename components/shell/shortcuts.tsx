"use client";

import { Kbd, Modal } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { useGo } from "../form/dirty-guard.ts";
import { isTyping } from "../table/use-table-keys.ts";
import { adminNav, portalNav } from "./nav.ts";
import classes from "./shell.module.css";
import type { Area } from "./shell.tsx";

const waitMs = 1200;

/** `g` then a letter goes to a page; `?` shows every shortcut. */
export function Shortcuts({ area }: { area: Area }) {
  const go = useGo();
  const [help, setHelp] = useState(false);
  const pressedAt = useRef(0);
  const items = (area === "admin" ? adminNav : portalNav).flatMap((section) => section.items);

  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (isTyping(event)) return;
      if (event.key === "?") {
        event.preventDefault();
        setHelp(true);
      } else if (event.key === "g") {
        pressedAt.current = event.timeStamp;
      } else if (event.timeStamp - pressedAt.current < waitMs) {
        pressedAt.current = 0;
        const item = items.find((each) => each.key === event.key);
        if (item) {
          event.preventDefault();
          event.stopImmediatePropagation();
          go(item.href);
        }
      }
    };
    document.addEventListener("keydown", press, true);
    return () => document.removeEventListener("keydown", press, true);
  });

  return (
    <Modal opened={help} onClose={() => setHelp(false)} title="Keyboard shortcuts" size={640} closeButtonProps={{ "aria-label": "Close" }}>
      <div className={classes.help}>
        <Keys
          title="Anywhere"
          rows={[
            ["Ctrl K", "Go to anything"],
            ["?", "Show keyboard shortcuts"],
            ...items.flatMap((item): [string, string][] => (item.key ? [[`g ${item.key}`, item.label]] : [])),
          ]}
        />
        <div>
          <Keys
            title="In a list"
            rows={[
              ["/", "Search"],
              ["j  k", "Next and previous row"],
              ["Enter", "Open the row"],
              ["x", "Select the row"],
            ]}
          />
          <br />
          <Keys
            title="In a form"
            rows={[
              ["Ctrl S", "Save"],
              ["Esc", "Close a dialog"],
            ]}
          />
        </div>
      </div>
    </Modal>
  );
}

function Keys({ title, rows }: { title: string; rows: [keys: string, what: string][] }) {
  return (
    <section>
      <h3>{title}</h3>
      <dl>
        {rows.map(([keys, what]) => (
          <div key={keys} style={{ display: "contents" }}>
            <dt>
              {keys
                .split(" ")
                .filter(Boolean)
                .map((key) => (
                  <span key={key}>
                    <Kbd>{key}</Kbd>{" "}
                  </span>
                ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
