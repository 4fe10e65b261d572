"use client";

import { ActionIcon, Menu, Tooltip, useMantineColorScheme } from "@mantine/core";
import { modals } from "@mantine/modals";
import { IconDeviceDesktop, IconKey, IconLogout, IconMoon, IconSun, IconUserCircle } from "@tabler/icons-react";
import type { Me } from "../../server/auth/contract.ts";
import { call } from "../api/http.ts";
import { toastError } from "../ui/toast.tsx";
import { ApiTokens } from "./api-tokens.tsx";

const schemes = [
  { value: "light", label: "Light", icon: IconSun },
  { value: "dark", label: "Dark", icon: IconMoon },
  { value: "auto", label: "System", icon: IconDeviceDesktop },
] as const;

export function ThemeSwitch() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Tooltip label="Theme">
          <ActionIcon aria-label="Theme">
            <IconSun size={18} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.RadioGroup
          value={colorScheme}
          onChange={(value) => setColorScheme(schemes.find((scheme) => scheme.value === value)?.value ?? "auto")}
        >
          {schemes.map((scheme) => (
            <Menu.RadioItem key={scheme.value} value={scheme.value} closeMenuOnClick rightSection={<scheme.icon size={16} aria-hidden />}>
              {scheme.label}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
      </Menu.Dropdown>
    </Menu>
  );
}

export function UserMenu({ me }: { me: Me }) {
  const signOut = async () => {
    try {
      await call("POST", "/common/logout");
      location.assign("/login");
    } catch (error) {
      toastError("You are still signed in", error);
    }
  };
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <Tooltip label={me.attributes.email}>
          <ActionIcon aria-label={`Your account, ${me.attributes.name}`}>
            <IconUserCircle size={20} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {me.attributes.name}
          <br />
          {me.attributes.email}
        </Menu.Label>
        <Menu.Divider />
        <Menu.Item leftSection={<IconKey size={16} aria-hidden />} onClick={openTokens}>
          API tokens
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => void signOut()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

const openTokens = () =>
  modals.open({ title: "API tokens", size: 620, closeButtonProps: { "aria-label": "Close" }, children: <ApiTokens /> });
