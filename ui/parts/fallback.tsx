import { Component, type ReactNode } from 'react';

interface FallbackProps {
  /** Shown instead of the content if that fails. */
  readonly instead: ReactNode;
  /** The content is tried again when this changes. */
  readonly until?: string;
  readonly children: ReactNode;
}

/** Keeps the failure of one part, such as a module that cannot be loaded, from taking the screen with it. */
export class Fallback extends Component<FallbackProps, { readonly failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { readonly failed: boolean } {
    return { failed: true };
  }

  override componentDidUpdate({ until }: FallbackProps): void {
    if (this.state.failed && until !== this.props.until) this.setState({ failed: false });
  }

  override render(): ReactNode {
    return this.state.failed ? this.props.instead : this.props.children;
  }
}
