import { lazy, Suspense } from 'react';
import { Redirect, Route, Switch } from 'wouter';
import type { Session } from '../../client/session.ts';
import { may } from '../data/session.ts';
import { ButtonLink } from '../design/button.tsx';
import { Screen } from '../design/screen.tsx';
import { CustomerFrame } from './customer-frame.tsx';

const Start = lazy(() => import('../screens/start/start.tsx'));
const Overview = lazy(() => import('../screens/overview/overview.tsx'));
const Uploads = lazy(() => import('../screens/uploads/uploads.tsx'));
const Analyses = lazy(() => import('../screens/analyses/analyses.tsx'));
const Table = lazy(() => import('../screens/table/table.tsx'));
const Upload = lazy(() => import('../screens/upload/upload.tsx'));
const Rejected = lazy(() => import('../screens/rejected/rejected.tsx'));
const Settings = lazy(() => import('../screens/settings/settings.tsx'));

/** Which screen an address shows. Each is loaded when it is needed. */
export function Routes({ session }: { readonly session: Session }) {
  return (
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
