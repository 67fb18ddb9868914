import { type ReactNode, useEffect, useRef } from 'react';

export interface KeepFocusProps {
  readonly className?: string | undefined;
  readonly children: ReactNode;
}

/** Keeps the focus where it was, if the button that had it goes away, such as "Cancel" at the end of what it cancels. */
export function KeepFocus({ className, children }: KeepFocusProps) {
  const element = useRef<HTMLDivElement>(null);
  const hadFocus = useRef(false);
  useEffect(() => {
    if (hadFocus.current && document.activeElement === document.body) element.current?.focus({ preventScroll: true });
  });
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only notices where the focus is.
    <div
      ref={element}
      tabIndex={-1}
      className={className}
      onFocus={() => {
        hadFocus.current = true;
      }}
      onBlur={({ currentTarget, relatedTarget }) => {
        if (relatedTarget && !currentTarget.contains(relatedTarget)) hadFocus.current = false;
      }}
    >
      {children}
    </div>
  );
}
