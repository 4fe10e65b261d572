import { type CSSVariablesResolver, createTheme, type MantineColorsTuple, type VariantColorsResolver } from "@mantine/core";

// The library wants ten shades of each colour; ours are tokens, so every shade is the same variable.
const tuple = (variable: string): MantineColorsTuple => {
  const shade = `var(--portico-${variable})`;
  return [shade, shade, shade, shade, shade, shade, shade, shade, shade, shade];
};

const states = new Set(["good", "warn", "bad", "info"]);

/** Colours of buttons, badges and the like: the accent unless one of the four states is named. */
const variantColorResolver: VariantColorsResolver = ({ color, variant }) => {
  const name = color && states.has(color) ? color : color === "red" ? "bad" : "accent";
  const main = `var(--portico-${name})`;
  const soft = `var(--portico-${name}-soft)`;
  const none = "1px solid transparent";
  switch (variant) {
    case "filled":
      return {
        background: main,
        hover: name === "accent" || name === "bad" ? `var(--portico-${name}-hover)` : main,
        color: name === "bad" ? "var(--portico-bad-ink)" : "var(--portico-accent-ink)",
        border: none,
      };
    case "light":
      return { background: soft, hover: soft, color: name === "accent" ? "var(--portico-accent-soft-ink)" : main, border: none };
    case "outline":
      return { background: "transparent", hover: soft, color: main, border: `1px solid ${main}` };
    case "default":
      return {
        background: "var(--portico-raised)",
        hover: "var(--portico-hover)",
        color: "var(--portico-ink)",
        border: "1px solid var(--portico-line-strong)",
      };
    default:
      return {
        background: "transparent",
        hover: "var(--portico-hover)",
        color: color && color !== "gray" ? main : "var(--portico-ink-2)",
        border: none,
      };
  }
};

export const theme = createTheme({
  primaryColor: "accent",
  colors: {
    accent: tuple("accent"),
    good: tuple("good"),
    warn: tuple("warn"),
    bad: tuple("bad"),
    info: tuple("info"),
    red: tuple("bad"),
  },
  variantColorResolver,
  fontFamily: "var(--portico-font)",
  fontFamilyMonospace: "var(--portico-mono)",
  fontSizes: { xs: "12px", sm: "13px", md: "14px", lg: "16px", xl: "20px" },
  lineHeights: { xs: "16px", sm: "20px", md: "20px", lg: "24px", xl: "28px" },
  spacing: { xs: "8px", sm: "12px", md: "16px", lg: "24px", xl: "32px" },
  radius: { xs: "4px", sm: "6px", md: "6px", lg: "10px", xl: "10px" },
  defaultRadius: "sm",
  headings: {
    fontFamily: "var(--portico-font)",
    fontWeight: "600",
    sizes: {
      h1: { fontSize: "26px", lineHeight: "32px", fontWeight: "600" },
      h2: { fontSize: "16px", lineHeight: "24px", fontWeight: "600" },
      h3: { fontSize: "14px", lineHeight: "20px", fontWeight: "600" },
    },
  },
  cursorType: "pointer",
  respectReducedMotion: true,
  focusRing: "auto",
  components: {
    Button: { defaultProps: { size: "sm" } },
    ActionIcon: { defaultProps: { variant: "subtle", color: "gray", size: "lg" } },
    Badge: { defaultProps: { variant: "light", radius: "xs" } },
    Tooltip: { defaultProps: { openDelay: 300, withArrow: false, offset: 6, transitionProps: { duration: 120 } } },
    // The placeholder would be a child that a menu may not have; the first entry takes the focus instead.
    Menu: { defaultProps: { shadow: "none", offset: 4, transitionProps: { duration: 120 }, withInitialFocusPlaceholder: false } },
    Popover: { defaultProps: { shadow: "none", transitionProps: { duration: 120 } } },
    Notification: { defaultProps: { closeButtonProps: { "aria-label": "Close the notice" } } },
    Modal: {
      // The library's <header> would be a second banner of the page.
      defaultProps: {
        attributes: { header: { role: "presentation" } },
        centered: true,
        transitionProps: { duration: 150, transition: "fade" },
        overlayProps: { backgroundOpacity: 1 },
      },
    },
    Drawer: { defaultProps: { attributes: { header: { role: "presentation" } }, transitionProps: { duration: 160 } } },
    Tabs: { defaultProps: { keepMounted: false } },
    Select: { defaultProps: { checkIconPosition: "right" } },
    NumberInput: { defaultProps: { hideControls: true } },
    Switch: { defaultProps: { withThumbIndicator: false } },
  },
});

const shared = {
  "--mantine-color-body": "var(--portico-ground)",
  "--mantine-color-text": "var(--portico-ink)",
  "--mantine-color-bright": "var(--portico-ink)",
  "--mantine-color-dimmed": "var(--portico-ink-2)",
  "--mantine-color-placeholder": "var(--portico-ink-3)",
  "--mantine-color-anchor": "var(--portico-accent)",
  "--mantine-color-error": "var(--portico-bad)",
  "--mantine-color-success": "var(--portico-good)",
  "--mantine-color-default": "var(--portico-raised)",
  "--mantine-color-default-hover": "var(--portico-hover)",
  "--mantine-color-default-color": "var(--portico-ink)",
  "--mantine-color-default-border": "var(--portico-line-strong)",
  "--mantine-color-disabled": "var(--portico-sunken)",
  "--mantine-color-disabled-color": "var(--portico-ink-3)",
  "--mantine-color-disabled-border": "var(--portico-line)",
  "--mantine-primary-color-filled": "var(--portico-accent)",
  "--mantine-primary-color-filled-hover": "var(--portico-accent-hover)",
  "--mantine-primary-color-contrast": "var(--portico-accent-ink)",
  "--mantine-primary-color-light": "var(--portico-accent-soft)",
  "--mantine-primary-color-light-color": "var(--portico-accent-soft-ink)",
};

/** Points the library's own variables at ours, in both schemes. */
export const cssVariablesResolver: CSSVariablesResolver = () => ({ variables: {}, light: shared, dark: shared });
