import type { Route } from '../routes.ts'
import { alertsPage } from './alerts.ts'
import { auditPage } from './audit.ts'
import { backfillPage, backfillsPage, cancelBackfillForm } from './backfills.ts'
import { bulkRunsForm, bulkRunsPage } from './bulk-runs.ts'
import { docsPage, openApiRoute, problemsPage } from './docs.ts'
import { editScheduleForm, editSchedulePage } from './edit-schedule.ts'
import { freshnessPage } from './freshness.ts'
import { importInEarnestForm, importPage, importsPage } from './imports.ts'
import { jobsPage, runJobForm } from './jobs.ts'
import { newBackfillPage, startBackfillForm } from './new-backfill.ts'
import { newImportPage, startImportForm } from './new-import.ts'
import { nightPage } from './night.ts'
import { mailAttachment, mailBody, mailPage, outboxPage } from './outbox.ts'
import { reportPage, reportsPage } from './reports.ts'
import { runPage } from './run.ts'
import { cancelForm, retryForm, retryNightForm, runAgainForm, runNightForm } from './run-forms.ts'
import { runsPage } from './runs.ts'
import { asDeclaredForm, pauseForm, resumeForm, schedulePage } from './schedule.ts'
import { schedulesPage } from './schedules.ts'
import { signInForm, signInPage, signOutForm } from './sign-in.ts'
import { unsubscribeForm, unsubscribePage } from './unsubscribe.ts'

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
