import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import './design/tokens.css';
import './design/base.css';
import { App } from './app/app.tsx';
import { applyTheme } from './app/theme.ts';
import { RETRIES } from './data/failure.ts';
import { sendingFiles } from './data/sending/sending-files.ts';
import { rememberSent } from './data/sent-uploads.ts';
import { endsSession } from './data/session-end.ts';
import { showUpload } from './data/uploads.ts';
import { Toasts } from './design/toasts.tsx';

applyTheme();

const queries = new QueryClient({
  queryCache: new QueryCache({ onError: endsSession }),
  // A key that is refused when it is entered says nothing about a session.
  mutationCache: new MutationCache({
    onError: (error, _, __, { options }) => !options.meta?.signsIn && endsSession(error),
  }),
  defaultOptions: {
    queries: { staleTime: 30_000, ...RETRIES },
  },
});
sendingFiles.onSent = (upload) => {
  rememberSent(upload);
  showUpload(queries, upload);
};

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no element #root');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <App />
      <Toasts />
    </QueryClientProvider>
  </StrictMode>,
);
