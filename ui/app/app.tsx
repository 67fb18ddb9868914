import { problemIn } from '../data/problem-in.ts';
import { useSession } from '../data/session.ts';
import { Button } from '../design/button.tsx';
import { ProblemBox } from '../design/problem-box.tsx';
import styles from './app.module.css';
import { Routes } from './routes.tsx';
import { SessionEnded } from './session-ended.tsx';
import { Shell } from './shell.tsx';
import { SignIn } from './sign-in.tsx';

/** The page, for those who may see it. */
export function App() {
  const { data: session, error, refetch } = useSession();
  if (error) {
    return (
      <main className={styles.alone}>
        <ProblemBox problem={problemIn(error)} actions={<Button onClick={() => refetch()}>Try again</Button>} />
      </main>
    );
  }
  if (session === undefined) return null;
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
