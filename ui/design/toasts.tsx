import { Toast } from '@base-ui/react/toast';
import { X } from 'lucide-react';
import { buttonClass } from './button.tsx';
import styles from './toasts.module.css';

const manager = Toast.createToastManager();

/** Short news at the edge of the screen. Screen readers announce it. */
export function toast(kind: 'good' | 'bad', title: string, description?: string): void {
  manager.add({
    type: kind,
    title,
    description,
    timeout: kind === 'bad' ? 12_000 : 5_000,
    priority: kind === 'bad' ? 'high' : 'low',
  });
}

/** Where toasts appear; stands once in the page. */
export function Toasts() {
  return (
    <Toast.Provider toastManager={manager} limit={3}>
      <Toast.Portal>
        <Toast.Viewport className={styles.viewport}>
          <Shown />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}

function Shown() {
  const { toasts } = Toast.useToastManager();
  return toasts.map((each) => (
    <Toast.Root key={each.id} toast={each} className={styles.toast}>
      <Toast.Content className={styles.content}>
        <Toast.Title className={styles.title} />
        <Toast.Description className={styles.description} />
      </Toast.Content>
      <Toast.Close className={buttonClass({ look: 'quiet', size: 'small', icon: true })} aria-label="Dismiss">
        <X aria-hidden />
      </Toast.Close>
    </Toast.Root>
  ));
}
