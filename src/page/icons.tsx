import type { ComponentChildren } from "preact";

const Icon = ({ children }: { children: ComponentChildren }) => (
  <svg
    class="icon"
    viewBox="0 0 16 16"
    width="16"
    height="16"
    aria-hidden="true"
    fill="none"
    stroke="currentColor"
  >
    {children}
  </svg>
);

export const Moon = () => (
  <Icon>
    <path d="M13.2 9.7A5.6 5.6 0 0 1 6.3 2.8a5.6 5.6 0 1 0 6.9 6.9Z" />
  </Icon>
);

export const Sun = () => (
  <Icon>
    <circle cx="8" cy="8" r="2.8" />
    <path d="M8 1.5v1.4M8 13.1v1.4M1.5 8h1.4M13.1 8h1.4M3.4 3.4l1 1M11.6 11.6l1 1M3.4 12.6l1-1M11.6 4.4l1-1" />
  </Icon>
);

export const Close = () => (
  <Icon>
    <path d="m4 4 8 8M12 4l-8 8" />
  </Icon>
);

export const Search = () => (
  <Icon>
    <circle cx="7" cy="7" r="4" />
    <path d="m10 10 3.5 3.5" />
  </Icon>
);

export const Up = () => (
  <Icon>
    <path d="m4 10 4-4 4 4" />
  </Icon>
);

export const Down = () => (
  <Icon>
    <path d="m4 6 4 4 4-4" />
  </Icon>
);

/** Three lanes, the last of which arrives. */
export const Mark = () => (
  <svg class="mark" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
    <rect x="2" y="3" width="7" height="3" rx="1.5" fill="var(--bad)" />
    <rect x="6" y="8.5" width="6" height="3" rx="1.5" fill="var(--warn)" />
    <rect x="9" y="14" width="9" height="3" rx="1.5" fill="var(--good)" />
  </svg>
);
