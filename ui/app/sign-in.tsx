import { useEffect } from 'react';
import icon from '../icon.svg';
import styles from './app.module.css';
import { KeyForm } from './key-form.tsx';

export function SignIn() {
  useEffect(() => {
    document.title = 'Sign in · Thena';
  }, []);
  return (
    <main className={styles.alone}>
      <h1 className={styles.brand}>
        <img src={icon} alt="" />
        Thena
      </h1>
      <p className={styles.soft}>Upload CSV files and analyze them. Sign in to continue.</p>
      <KeyForm framed />
    </main>
  );
}
