import { BookOpen, Check, ChevronsUpDown, LogOut, Monitor, Moon, Sun, UserRound, Users } from 'lucide-react';
import type { ReactNode } from 'react';
import { Link, useLocation, useRoute } from 'wouter';
import type { Session } from '../../client/session.ts';
import { useCustomers } from '../data/customers.ts';
import { may, useSignOut } from '../data/session.ts';
import { Button } from '../design/button.tsx';
import { Menu, MenuGroup, MenuItem, MenuSeparator } from '../design/menu.tsx';
import icon from '../icon.svg';
import styles from './shell.module.css';
import { setTheme, type Theme, useTheme } from './theme.ts';

/** The frame of all screens: navigation on top, the screen below. */
export function Shell({ session, children }: { readonly session: Session; readonly children: ReactNode }) {
  const [, params] = useRoute('/c/:id/*?');
  const customerId = params?.id;
  return (
    <>
      <a className={styles.skip} href="#main">
        Skip to content
      </a>
      <header className={styles.header}>
        <div className={styles.bar}>
          <Link href="/" className={styles.brand} aria-label="Thena, start">
            <img src={icon} alt="" width={24} height={24} />
            <span>Thena</span>
          </Link>
          {customerId && <CustomerSwitcher session={session} customerId={customerId} />}
          <span className={styles.spacer} />
          <AccountMenu session={session} />
        </div>
        {customerId && <Sections session={session} customerId={customerId} />}
      </header>
      <main id="main" className={styles.main} tabIndex={-1}>
        {children}
      </main>
    </>
  );
}

function CustomerSwitcher({ session, customerId }: { readonly session: Session; readonly customerId: string }) {
  const several = session.role !== 'customer';
  const [, navigate] = useLocation();
  const customers = useCustomers(several);
  if (!several) return <span className={styles.customer}>{customerId}</span>;
  const ids = (customers.data?.pages ?? []).flatMap(({ items }) => items.map(({ id }) => id));
  return (
    <>
      <span className={styles.slash} aria-hidden>
        /
      </span>
      <Menu
        trigger={
          <Button look="quiet" size="small" aria-label={`Customer ${customerId}, switch`}>
            <span className={styles.customer}>{customerId}</span>
            <ChevronsUpDown aria-hidden />
          </Button>
        }
      >
        <MenuGroup label="Customers">
          {ids.slice(0, 50).map((id) => (
            <MenuItem
              key={id}
              icon={<Check aria-hidden opacity={id === customerId ? 1 : 0} />}
              onSelect={() => navigate(`/c/${id}`)}
            >
              {id}
            </MenuItem>
          ))}
        </MenuGroup>
        <MenuSeparator />
        <MenuItem icon={<Users aria-hidden />} onSelect={() => navigate('/')}>
          All customers
        </MenuItem>
      </Menu>
    </>
  );
}

function Sections({ session, customerId }: { readonly session: Session; readonly customerId: string }) {
  const [path] = useLocation();
  const base = `/c/${customerId}`;
  const mayRead = may(session, 'read');
  const sections: readonly (readonly [name: string, href: string])[] = [
    ...(mayRead ? [['Overview', base] as const] : []),
    ['Uploads', `${base}/uploads`],
    ...(mayRead ? [['Table', `${base}/table`] as const, ['Analyses', `${base}/analyses`] as const] : []),
    ...(session.role === 'customer' ? [] : [['Settings', `${base}/settings`] as const]),
  ];
  return (
    <nav className={styles.sections} aria-label="Sections">
      {sections.map(([name, href]) => (
        <Link
          key={name}
          href={href}
          {...((href === base ? path === href : path.startsWith(href)) && { 'aria-current': 'page' })}
        >
          {name}
        </Link>
      ))}
    </nav>
  );
}

const THEMES: readonly (readonly [Theme, string, ReactNode])[] = [
  ['system', 'As the system', <Monitor key="icon" aria-hidden />],
  ['light', 'Light', <Sun key="icon" aria-hidden />],
  ['dark', 'Dark', <Moon key="icon" aria-hidden />],
];

function AccountMenu({ session }: { readonly session: Session }) {
  const theme = useTheme();
  const signOut = useSignOut();
  const who = { open: 'No sign-in required', admin: 'Administrator', customer: `Customer ${session.customer_id}` };
  return (
    <Menu
      align="end"
      trigger={
        <Button look="quiet" icon aria-label="Settings and account">
          <UserRound aria-hidden />
        </Button>
      }
    >
      <MenuGroup label="Colours">
        {THEMES.map(([name, label, icon]) => (
          <MenuItem key={name} icon={icon} onSelect={() => setTheme(name)}>
            <span className={styles.grow}>{label}</span>
            {theme === name && <Check aria-label="chosen" />}
          </MenuItem>
        ))}
      </MenuGroup>
      <MenuSeparator />
      <MenuItem icon={<BookOpen aria-hidden />} onSelect={() => window.open('/docs', '_blank', 'noopener')}>
        API reference
      </MenuItem>
      <MenuSeparator />
      <MenuGroup label={who[session.role]}>
        {session.role !== 'open' && (
          <MenuItem icon={<LogOut aria-hidden />} onSelect={() => signOut.mutate()}>
            Sign out
          </MenuItem>
        )}
      </MenuGroup>
    </Menu>
  );
}
