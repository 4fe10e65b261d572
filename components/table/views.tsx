import { ActionIcon, Button, Group, Menu, TextInput, Tooltip } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { modals } from "@mantine/modals";
import { IconBookmark } from "@tabler/icons-react";
import { useState } from "react";

type View = { name: string; search: string };

/** Searches of this list that were given a name, kept in this browser. */
export function Views({ path, params }: { path: string; params: URLSearchParams }) {
  const [views, setViews] = useLocalStorage<View[]>({ key: `portico:views:${path}`, defaultValue: [] });
  const show = (search: string) => window.history.pushState(null, "", search ? `?${search}` : window.location.pathname);
  const save = (name: string) => {
    const kept = new URLSearchParams(params);
    kept.delete("page");
    setViews([...views.filter((view) => view.name !== name), { name, search: kept.toString() }]);
    modals.closeAll();
  };
  const ask = () =>
    modals.open({ title: "Save this view", size: 420, closeButtonProps: { "aria-label": "Close" }, children: <NameView save={save} /> });
  return (
    <Menu position="bottom-end" width={260}>
      <Menu.Target>
        <Tooltip label="Saved views">
          <ActionIcon aria-label="Saved views">
            <IconBookmark size={17} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Saved views, in this browser</Menu.Label>
        <Menu.Item onClick={() => show("")}>All rows</Menu.Item>
        {views.map((view) => (
          <Menu.Item key={view.name} onClick={() => show(view.search)}>
            {view.name}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item onClick={ask}>Save this view…</Menu.Item>
        {views.map((view) => (
          <Menu.Item key={view.name} data-danger onClick={() => setViews(views.filter((each) => each.name !== view.name))}>
            Forget “{view.name}”
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function NameView({ save }: { save: (name: string) => void }) {
  const [name, setName] = useState("");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim()) save(name.trim());
      }}
    >
      <TextInput
        label="Name"
        description="The search, filters and order of this list as they are now."
        data-autofocus
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Group justify="flex-end" mt="md">
        <Button type="submit" disabled={name.trim() === ""}>
          Save view
        </Button>
      </Group>
    </form>
  );
}
