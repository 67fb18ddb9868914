import { failureOf } from '../data/failure.ts';
import { useSession } from '../data/session.ts';
import { NotReadYet } from '../parts/not-read-yet.tsx';
import styles from './app.module.css';
import { Routes } from './routes.tsx';
import { SessionEnded } from './session-ended.tsx';
import { Shell } from './shell.tsx';
import { SignIn } from './sign-in.tsx';

/** The page, for those who may see it. */
export function App() {
  const read = useSession();
  const session = read.data;
  if (session === undefined) {
    return (
      <main className={styles.alone}>
        <NotReadYet failure={failureOf(read)} />
      </main>
    );
  }
  if (session === null) return <SignIn />;
  return (
    <>
      <Shell session={session}>
        <Routes session={session} />
      </Shell>
      <SessionEnded />
    </>
  );
}
