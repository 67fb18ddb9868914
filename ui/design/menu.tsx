import { Menu as Base } from '@base-ui/react/menu';
import type { ReactElement, ReactNode } from 'react';
import styles from './menu.module.css';

export interface MenuProps {
  /** A button. */
  readonly trigger: ReactElement;
  readonly align?: 'start' | 'end';
  readonly children: ReactNode;
}

/** A button that opens a list of actions. */
export function Menu({ trigger, align = 'start', children }: MenuProps) {
  return (
    <Base.Root>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner className={styles.positioner} sideOffset={4} align={align}>
          <Base.Popup className={styles.popup}>{children}</Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

export interface MenuItemProps {
  readonly onSelect: () => void;
  readonly icon?: ReactNode;
  /** Whether it destroys something. */
  readonly danger?: boolean;
  readonly children: ReactNode;
}

export function MenuItem({ onSelect, icon, danger = false, children }: MenuItemProps) {
  return (
    <Base.Item className={styles.item} onClick={onSelect} {...(danger && { 'data-danger': '' })}>
      {icon}
      {children}
    </Base.Item>
  );
}

/** An item that leads to an address outside of the page, or downloads what is there. */
export function MenuLink({
  href,
  download,
  children,
}: {
  readonly href: string;
  readonly download?: boolean;
  readonly children: ReactNode;
}) {
  return (
    <Base.LinkItem className={styles.item} href={href} closeOnClick {...(download && { download: '' })}>
      {children}
    </Base.LinkItem>
  );
}

/** Items of a menu with a heading of their own. */
export function MenuGroup({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <Base.Group>
      <Base.GroupLabel className={styles.label}>{label}</Base.GroupLabel>
      {children}
    </Base.Group>
  );
}

export function MenuSeparator() {
  return <Base.Separator className={styles.separator} />;
}
