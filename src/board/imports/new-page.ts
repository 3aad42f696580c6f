import { z } from 'zod'
import { type Html, html } from '../../html.ts'
import { FORMATS, kinds, shippedMappings } from '../../ingest/index.ts'
import { clientOptions } from '../http/clients.ts'
import { acceptText } from '../http/input.ts'
import { checkCsrf, checkOrigin } from '../http/origin.ts'
import { definePage, type PageContext } from '../http/page.ts'
import { HttpError } from '../http/problem.ts'
import { recordWrite } from '../http/record-write.ts'
import type { Route } from '../http/routes.ts'
import { discardUpload, receiveUpload } from '../http/upload.ts'
import { formatBytes, titleOf } from '../ui/format.ts'
import { layout } from '../ui/layout.ts'
import { importOptions, startImport } from './request-import.ts'

const place = { role: 'operator', scope: 'client' } as const

/** A file and how to read it. Unless somebody says otherwise it is tried first, and nothing is written. */
export const newImportPage = definePage({
  path: '/imports/new',
  ...place,
  params: z.strictObject({}),
  query: z.strictObject({}),
  async render(_input, context) {
    const content = html`<p class="crumbs"><a href="/imports">Imports</a></p>
<div class="page-head"><div><h1>Import a file</h1>
<p class="lead">CSV or XLSX with a header, or JSON Lines; packed with gzip too. Up to ${formatBytes(context.board.importMaxBytes)}. Importing the same file again changes nothing.</p></div></div>
${await form(context)}`
    return layout(context, { title: 'Import a file', place: '/imports' }, content)
  },
})

async function form({ identity, db }: PageContext): Promise<Html> {
  const clients = await clientOptions(db)
  const mappings = await shippedMappings()
  return html`<section class="card" aria-labelledby="file"><h2 id="file">The file</h2>
<form class="stack" method="post" action="/imports" enctype="multipart/form-data">
<input type="hidden" name="csrf" value="${identity.csrfToken}">
${choice('client', 'Whose facts', clients)}
${choice(
  'kind',
  'What its rows are',
  kinds.map(({ name }) => ({ value: name, label: titleOf(name) })),
  'interactions',
)}
<label>File<input type="file" name="file" accept=".csv,.tsv,.txt,.jsonl,.ndjson,.json,.xlsx,.xlsm,.gz" required></label>
${choice('mapping', 'Its columns', [{ value: '', label: 'Are named as those of the table' }, ...mappings.map((name) => ({ value: name, label: `By the mapping ${name}` }))])}
<label>Or a mapping of your own <span class="quiet">JSON, as the guide to imports shows; it counts before the choice above</span><textarea name="ownMapping" rows="4" spellcheck="false" autocapitalize="off"></textarea></label>
<details><summary>Format and sheet</summary><div class="stack">
${choice('format', 'Format', [{ value: '', label: 'As the file says' }, ...FORMATS.map((name) => ({ value: name, label: FORMAT_WORDS[name] }))])}
<label>Sheet <span class="quiet">name or number; empty: the first</span><input type="text" name="sheet" maxlength="200"></label>
<label>Row of the header <span class="quiet">empty: the first that is not</span><input type="number" name="headerRow" min="1" max="1048576"></label></div></details>
<label class="check"><input type="checkbox" name="dryRun" value="true" checked> Try it first: say what would happen, write nothing</label>
<label class="check"><input type="checkbox" name="strict" value="true"> Keep nothing when any row is bad</label>
<button class="primary">Send the file</button></form></section>`
}

const FORMAT_WORDS = { csv: 'CSV', jsonl: 'JSON Lines', xlsx: 'XLSX' }

function choice(
  name: string,
  label: string,
  values: readonly { value: string; label: string }[],
  chosen: string | null = null,
): Html {
  return html`<label>${label}<select name="${name}">${values.map(
    ({ value, label: words }) => html`<option value="${value}"${value === chosen && html` selected`}>${words}</option>`,
  )}</select></label>`
}

/** Takes the form with its file, and leads to the import's page. */
export const startImportForm: Route = {
  method: 'post',
  path: '/imports',
  ...place,
  async answer(context, request, response) {
    const { board, identity } = context
    checkOrigin(request, board.publicUrl)
    const { fields, file } = await receiveUpload(board, request, {
      beforeBody: refuseBareFile,
      // The page's form names the token first, so that nothing else is read without.
      onPart: ({ csrf }) => checkCsrf(board, request, { shown: csrf, expected: identity.csrfToken }),
    })
    try {
      const options = acceptText('query', importOptions, chosen(fields))
      const asked = { method: 'post', path: '/imports', params: {}, client: options.client }
      const { view } = await recordWrite(context, asked, () => startImport(context, options, file))
      response.redirect(303, `/imports/${view.id}?notice=import-started`)
    } catch (error) {
      await discardUpload(board, file)
      throw error
    }
  },
}

/** Its token would have to stand in the address, where logs and histories keep it. */
function refuseBareFile(): never {
  const message =
    'The body must be the form of the page, sent as multipart/form-data. Programs send files to /api/imports.'
  throw new HttpError('unsupported-media-type', message, { headers: { Connection: 'close' } })
}

/** An empty field is one that was left alone. */
function chosen({ csrf: _, ownMapping, ...fields }: Record<string, unknown>): Record<string, unknown> {
  const own = typeof ownMapping === 'string' && ownMapping.trim() !== '' ? { mapping: ownMapping } : {}
  return Object.fromEntries(Object.entries({ ...fields, ...own }).filter(([, value]) => value !== ''))
}
