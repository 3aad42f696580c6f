import { alertsPage } from '../alerts/page.ts'
import { auditPage } from '../audit/page.ts'
import { newBackfillPage, startBackfillForm } from '../backfills/new-page.ts'
import { backfillPage, backfillsPage, cancelBackfillForm } from '../backfills/pages.ts'
import { docsPage, openApiRoute, problemsPage } from '../docs/pages.ts'
import { freshnessPage } from '../freshness/page.ts'
import type { Route } from '../http/routes.ts'
import { newImportPage, startImportForm } from '../imports/new-page.ts'
import { importInEarnestForm, importPage, importsPage } from '../imports/pages.ts'
import { jobsPage, runJobForm } from '../jobs/page.ts'
import { nightPage } from '../night/page.ts'
import { mailAttachment, mailBody, mailPage, outboxPage } from '../outbox/pages.ts'
import { reportPage, reportsPage } from '../reports/pages.ts'
import { unsubscribeForm, unsubscribePage } from '../reports/unsubscribe.ts'
import { bulkRunsForm, bulkRunsPage } from '../runs/bulk-page.ts'
import { cancelForm, retryForm, retryNightForm, runAgainForm, runNightForm } from '../runs/run-forms.ts'
import { runPage } from '../runs/run-page.ts'
import { runsPage } from '../runs/runs-page.ts'
import { editScheduleForm, editSchedulePage } from '../schedules/edit-page.ts'
import { asDeclaredForm, pauseForm, resumeForm, schedulePage } from '../schedules/schedule-page.ts'
import { schedulesPage } from '../schedules/schedules-page.ts'
import { signInForm, signInPage, signOutForm } from '../sign-in/pages.ts'

/** Every page and form there is. */
export const pages: readonly Route[] = [
  nightPage,
  runNightForm,
  retryNightForm,
  freshnessPage,
  alertsPage,
  runsPage,
  // Before the page of one run, whose address it would fit.
  bulkRunsPage,
  bulkRunsForm,
  runPage,
  retryForm,
  cancelForm,
  runAgainForm,
  reportsPage,
  reportPage,
  jobsPage,
  runJobForm,
  schedulesPage,
  schedulePage,
  editSchedulePage,
  editScheduleForm,
  pauseForm,
  resumeForm,
  asDeclaredForm,
  backfillsPage,
  newBackfillPage,
  startBackfillForm,
  backfillPage,
  cancelBackfillForm,
  importsPage,
  newImportPage,
  startImportForm,
  importPage,
  importInEarnestForm,
  outboxPage,
  mailPage,
  mailBody,
  mailAttachment,
  auditPage,
  docsPage,
  problemsPage,
  openApiRoute,
  signInPage,
  signInForm,
  signOutForm,
  unsubscribePage,
  unsubscribeForm,
]
