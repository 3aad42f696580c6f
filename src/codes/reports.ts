import { type CodeWords, RETRY } from './code-words.ts'

const MAIL_RUNBOOK = 'a-mail-is-unknown-or-was-not-sent'

/** Reports, the mails and calls that go out, and the files that are kept. */
export const reportCodes = {
  'unknown-report': { status: 404, means: 'There is no report of this name; the message lists them.' },
  'schedule-name': {
    status: 400,
    means: 'The name of a report’s schedule has lower-case letters, digits and hyphens.',
  },
  'report-id': {
    status: null,
    means: 'Two parts of a report have the same id: a mistake in its declaration. Give each its own.',
  },
  'report-value': {
    status: null,
    means:
      'A report holds a value of another type than its column declares: a mistake in the report, named by the message.',
  },
  'chromium-missing': {
    status: null,
    means: 'There is no Chromium to print PDF with. daybreak doctor says what is missing.',
    advice: `There is no Chromium to print with. scripts/daybreak doctor says what is missing; then ${RETRY}`,
    runbook: 'chromium-is-missing',
  },
  'chromium-script': {
    status: null,
    means: 'CHROMIUM_PATH names a script or no program at all. Name the program that the script starts.',
    runbook: 'chromium-is-missing',
  },
  'unknown-delivery': {
    status: null,
    means: 'The delivery was deleted, most often with its report, so there is nothing to send.',
  },
  'missing-file': {
    status: null,
    means: 'The report was not rendered in a format that its recipient gets. Run the report again.',
  },

  'mail-refused': {
    status: null,
    means: 'The mail server refused the mail for good; the message has its words. Correct the address, then retry.',
    advice:
      'The mail server refused it for good. Correct the address among the recipients of the report, then press Retry: that is a new mail.',
    runbook: MAIL_RUNBOOK,
  },
  'mail-address': {
    status: null,
    means: 'The recipient is not one e-mail address. Correct it among the recipients of the report.',
    advice: 'The recipient is no e-mail address. Correct it among the recipients of the report, then press Retry.',
    runbook: MAIL_RUNBOOK,
  },
  'mail-identity': {
    status: null,
    means: 'The Message-ID or the date of a mail is none: a mistake of ours. The message has it.',
  },
  'delivery-unknown': {
    status: null,
    means: 'Nobody knows whether the mail arrived. Ask its recipient; a retry sends it again.',
    advice:
      "Nobody knows whether the mail arrived, so it is not sent again by itself. Look for its Message-ID in the mail server's log or ask the recipient; if it did not arrive, press Retry.",
    runbook: MAIL_RUNBOOK,
  },
  'unknown-post': {
    status: null,
    means: 'The alert was deleted before somebody was told of it. Nothing is left to do.',
  },
  'webhook-refused': {
    status: null,
    means: 'What ALERT_WEBHOOK_URL names refused the call, or failed each time. Correct the setting or its receiver.',
  },
  'no-webhook': { status: null, means: 'ALERT_WEBHOOK_URL is not set any more. Set it, then retry.' },
  'outbox-mail-missing': { status: 404, means: 'There is no mail of this name in the outbox.' },
  'outbox-mail-large': { status: 400, means: 'The mail is too large to be shown. Open its file in the outbox folder.' },
  'no-such-link': {
    status: 404,
    means: 'No link that was mailed is meant by this. daybreak link --help says how one is named.',
  },

  'object-key': {
    status: 400,
    means: 'The name of a stored file cannot be, or something else stands in its place; the message says which.',
  },
  'object-missing': {
    status: null,
    means: 'A stored file is not there. It may have been deleted after its time; run its report or import again.',
  },
  'object-too-large': {
    status: null,
    means: 'The file is larger than the bucket accepts. Raise the limit of the bucket, or make the file smaller.',
  },
  'bucket-missing': {
    status: null,
    means: 'There is no bucket of the name S3_BUCKET. Make it, or correct the setting.',
  },
  'bucket-elsewhere': { status: null, means: 'The bucket lies in another region. Correct S3_REGION.' },
  'storage-refused': {
    status: null,
    means:
      'The object storage refused access. Check S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY, and that they may list, read, write and delete there.',
  },
  'link-ttl': { status: null, means: 'A signed address of a stored file lives 1 second to 7 days. Ask for less.' },
} as const satisfies Record<string, CodeWords>
