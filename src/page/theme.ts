import { useEffect, useState } from "preact/hooks";

export type Theme = "light" | "dark";

const KEY = "open-router-audit-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");

function stored(): Theme | null {
  try {
    const theme = localStorage.getItem(KEY);
    return theme === "light" || theme === "dark" ? theme : null;
  } catch {
    // A page from a file may not store anything.
    return null;
  }
}

function apply(theme: Theme): void {
  document.documentElement.dataset.theme = theme;
}

const current = (): Theme => stored() ?? (dark.matches ? "dark" : "light");
apply(current());

/** The theme, and what turns it over. */
export function useTheme(): [Theme, () => void] {
  const [theme, setTheme] = useState(current);
  useEffect(() => {
    const follow = () => setTheme(current());
    dark.addEventListener("change", follow);
    return () => dark.removeEventListener("change", follow);
  }, []);
  apply(theme);
  const toggle = () => {
    const next = theme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // Then it lasts as long as the page.
    }
    setTheme(next);
  };
  return [theme, toggle];
}
