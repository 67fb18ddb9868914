import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import './design/tokens.css';
import './design/base.css';
import { App } from './app/app.tsx';
import { applyTheme } from './app/theme.ts';
import { RequestFailed } from './data/api.ts';
import { sendingFiles } from './data/sending/sending-files.ts';
import { showUpload } from './data/uploads.ts';
import { Toasts } from './design/toasts.tsx';

applyTheme();

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      // What the server refused, it will refuse again.
      retry: (failures, error) => failures < 3 && error instanceof RequestFailed && error.status === undefined,
    },
  },
});
sendingFiles.onSent = (upload) => showUpload(queries, upload);

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
