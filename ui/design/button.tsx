import type { ComponentProps } from 'react';
import { Link } from 'wouter';
import styles from './button.module.css';

export interface ButtonLook {
  /** `quiet` has no border; `danger` destroys something. */
  readonly look?: 'normal' | 'primary' | 'danger' | 'quiet';
  readonly size?: 'normal' | 'small';
  /** Shows only an icon: the button needs an `aria-label`. */
  readonly icon?: boolean;
}

/** The classes of a button, also for the elements of other components that look like one. */
export function buttonClass({ look = 'normal', size = 'normal', icon = false }: ButtonLook = {}): string {
  const names = [
    styles.button,
    look !== 'normal' && styles[look],
    size === 'small' && styles.small,
    icon && styles.icon,
  ];
  return names.filter(Boolean).join(' ');
}

export function Button({ look, size, icon, className, ...rest }: ButtonLook & ComponentProps<'button'>) {
  const classes = buttonClass({ ...(look && { look }), ...(size && { size }), ...(icon && { icon }) });
  return <button type="button" {...rest} className={className ? `${classes} ${className}` : classes} />;
}

/** A link to another screen that looks like a button. */
export function ButtonLink({ to, look = 'normal', children }: ButtonLook & { to: string; children: React.ReactNode }) {
  return (
    <Link href={to} className={buttonClass({ look })}>
      {children}
    </Link>
  );
}
