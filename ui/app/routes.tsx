import { Suspense, useEffect } from 'react';
import { Redirect, Route, Switch, useLocation } from 'wouter';
import type { Session } from '../../client/session.ts';
import { may } from '../data/session.ts';
import { Button, ButtonLink } from '../design/button.tsx';
import { Screen } from '../design/screen.tsx';
import { Fallback } from '../parts/fallback.tsx';
import { CustomerFrame } from './customer-frame.tsx';
import { lazyScreen, loadScreensAhead } from './lazy-screen.ts';

const Start = lazyScreen(() => import('../screens/start/start.tsx'));
const Overview = lazyScreen(() => import('../screens/overview/overview.tsx'));
const Uploads = lazyScreen(() => import('../screens/uploads/uploads.tsx'));
const Analyses = lazyScreen(() => import('../screens/analyses/analyses.tsx'));
const Table = lazyScreen(() => import('../screens/table/table.tsx'));
const Upload = lazyScreen(() => import('../screens/upload/upload.tsx'));
const Rejected = lazyScreen(() => import('../screens/rejected/rejected.tsx'));
const Settings = lazyScreen(() => import('../screens/settings/settings.tsx'));

/** The first screen is shown by then. */
const AHEAD_MS = 1_000;

/** Which screen an address shows. Each is loaded when it is needed. */
export function Routes({ session }: { readonly session: Session }) {
  const [path] = useLocation();
  useEffect(() => {
    const timer = setTimeout(loadScreensAhead, AHEAD_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <Fallback until={path} instead={<Failed />}>
      <Suspense>
        <Switch>
          <Route path="/">
            {session.customer_id === null ? <Start session={session} /> : <Redirect to={`/c/${session.customer_id}`} />}
          </Route>
          <Route path="/c/:id/*?">
            {({ id }) => (
              <CustomerFrame key={id} customerId={id}>
                <Switch>
                  <Route path="/c/:id">
                    {may(session, 'read') ? (
                      <Overview customerId={id} session={session} />
                    ) : (
                      <Redirect to={`/c/${id}/uploads`} />
                    )}
                  </Route>
                  <Route path="/c/:id/uploads">{() => <Uploads customerId={id} session={session} />}</Route>
                  <Route path="/c/:id/uploads/:upload">
                    {({ upload }) => <Upload key={upload} customerId={id} uploadId={upload} session={session} />}
                  </Route>
                  <Route path="/c/:id/analyses">{() => <Analyses customerId={id} session={session} />}</Route>
                  <Route path="/c/:id/table">{() => <Table customerId={id} session={session} />}</Route>
                  <Route path="/c/:id/uploads/:upload/rejected">
                    {({ upload }) => <Rejected key={upload} customerId={id} uploadId={upload} session={session} />}
                  </Route>
                  {session.role !== 'customer' && (
                    <Route path="/c/:id/settings">{() => <Settings customerId={id} session={session} />}</Route>
                  )}
                  <Route>{() => <NotFound />}</Route>
                </Switch>
              </CustomerFrame>
            )}
          </Route>
          <Route>{() => <NotFound />}</Route>
        </Switch>
      </Suspense>
    </Fallback>
  );
}

function Failed() {
  return (
    <Screen
      title="This screen cannot be shown"
      lead="Check the network connection, and reload the page. Files that are being sent have to be chosen again then, and continue where they were."
    >
      <div>
        <Button onClick={() => location.reload()}>Reload the page</Button>
      </div>
    </Screen>
  );
}

function NotFound() {
  return (
    <Screen title="Page not found" lead="There is nothing at this address.">
      <div>
        <ButtonLink to="/">Go to the start</ButtonLink>
      </div>
    </Screen>
  );
}
