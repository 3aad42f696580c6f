import { isTest, type Project, type Rule } from './rule.ts'
import type { Import, SourceFile } from './source-file.ts'

/**
 * Which part may import which (DESIGN: who may import whom). A part is a folder of src; its own files, and `codes`, are
 * the leaves. `types` may be imported by `import type` only. `main` is missing: it may import everything.
 */
const MAY_IMPORT: Record<string, { values: string[]; types: string[] }> = {
  leaf: { values: ['leaf'], types: [] },
  db: { values: ['leaf'], types: [] },
  storage: { values: ['leaf'], types: ['db'] },
  mail: { values: ['leaf'], types: ['db'] },
  people: { values: ['leaf'], types: ['db'] },
  queues: { values: ['leaf'], types: ['db'] },
  ingest: { values: ['leaf', 'db'], types: [] },
  analytics: { values: ['leaf', 'db'], types: [] },
  alerts: { values: ['leaf', 'db', 'mail', 'queues'], types: [] },
  privacy: { values: ['leaf', 'db', 'storage', 'ingest'], types: [] },
  reports: { values: ['leaf', 'db', 'storage', 'mail', 'analytics'], types: [] },
  jobs: {
    values: [
      'leaf',
      'db',
      'storage',
      'mail',
      'people',
      'queues',
      'alerts',
      'ingest',
      'analytics',
      'privacy',
      'reports',
    ],
    types: [],
  },
  board: {
    values: [
      'leaf',
      'db',
      'storage',
      'mail',
      'people',
      'queues',
      'alerts',
      'ingest',
      'analytics',
      'privacy',
      'reports',
      'jobs',
    ],
    types: [],
  },
}

/** Packages that only some files may import. */
const KEPT_PACKAGES: Record<string, (path: string) => boolean> = {
  bullmq: (path) => path.startsWith('src/queues/') || path.startsWith('src/board/queues/'),
  pg: (path) => path.startsWith('src/db/'),
}

/** Folders that are leaves as the files of src are. */
const LEAF_FOLDERS = new Set(['codes'])

function partOf(path: string): string {
  const [, part = '', ...rest] = path.split('/')
  return rest.length === 0 || LEAF_FOLDERS.has(part) ? 'leaf' : part
}

/** Node's own modules, and packages that `npm install --omit=dev` brings. */
function isInstalledForUse(target: string, manifest: string | undefined): boolean {
  const { dependencies = {} } = JSON.parse(manifest ?? '{}') as { dependencies?: Record<string, string> }
  return target.startsWith('node:') || target in dependencies
}

function shipped(project: Project): SourceFile[] {
  return project.sources.filter((source) => source.path.startsWith('src/') && !isTest(source.path))
}

function mayImport(from: string, { target, typeOnly }: Import): boolean {
  const part = partOf(from)
  const other = partOf(target)
  if (part === 'main' || part === other) return true
  const allowed = MAY_IMPORT[part]
  return allowed !== undefined && (allowed.values.includes(other) || (typeOnly && allowed.types.includes(other)))
}

/** Folders that are entered by their face. A list by name deeper down, such as `catalogue/index.ts`, is no face. */
const HAS_FACE = /^src\/((analytics|board)\/[^/]+|queues|alerts|ingest|privacy|codes)\//
const FEATURELESS = /^src\/board\/(http|ui)\//
/** Second faces. What a job and its own process use of the engine loads no BullMQ. */
const OTHER_FACES = new Set(['src/queues/for-jobs.ts'])

/** The face of what is imported, where the importer passes it by. */
function passedFace(project: Project, from: string, target: string): string | undefined {
  const [folder] = HAS_FACE.exec(target) ?? []
  if (folder === undefined || from.startsWith(folder) || target === `${folder}index.ts`) return undefined
  if (OTHER_FACES.has(target)) return undefined
  return `${folder}index.ts` in project.files ? `${folder}index.ts` : undefined
}

export const importRules: Rule[] = [
  {
    name: 'a part imports only the parts below it',
    check: (project) =>
      shipped(project).flatMap(({ path, imports }) =>
        imports
          .filter((one) => one.ours && !mayImport(path, one))
          .map(({ line, target }) => `${path}:${line} imports ${target}`),
      ),
    broken: {
      files: {
        'src/time.ts': "import { migrate } from './db/migrate.ts'",
        'src/queues/work.ts':
          "import type { Database } from '../db/database.ts'\nimport { migrate } from '../db/migrate.ts'",
        'src/reports/load.ts': "import type { Job } from '../queues/job.ts'",
        'src/storage/folder.ts': "const { startRun } = await import('../board/start-run.ts')",
        'src/main/start.ts': "import { rollUp } from '../jobs/index.ts'",
        'src/novel/thing.ts': "import { messageOf } from '../errors.ts'",
      },
      finds: [
        'src/time.ts:1 imports src/db/migrate.ts',
        'src/queues/work.ts:2 imports src/db/migrate.ts',
        'src/reports/load.ts:1 imports src/queues/job.ts',
        'src/storage/folder.ts:1 imports src/board/start-run.ts',
        'src/novel/thing.ts:1 imports src/errors.ts',
      ],
    },
  },
  {
    name: 'a folder that has a face is entered by it',
    check: (project) =>
      shipped(project).flatMap(({ path, imports }) =>
        imports
          .filter(({ ours }) => ours)
          .map(({ line, target }) => ({ line, target, face: passedFace(project, path, target) }))
          .filter(({ face }) => face !== undefined)
          .map(({ line, target, face }) => `${path}:${line} imports ${target} past ${face}`),
      ),
    broken: {
      files: {
        'src/analytics/metrics/index.ts': "import { sales } from './families/sales.ts'",
        'src/analytics/metrics/families/index.ts': '',
        'src/analytics/segments/tiers.ts':
          "import { a } from '../metrics/index.ts'\nexport { b } from '../metrics/families/index.ts'",
      },
      finds: [
        'src/analytics/segments/tiers.ts:2 imports src/analytics/metrics/families/index.ts past src/analytics/metrics/index.ts',
      ],
    },
  },
  {
    name: 'the door and the look of the board know no feature',
    check: (project) =>
      shipped(project)
        .filter(({ path }) => FEATURELESS.test(path))
        .flatMap(({ path, imports }) =>
          imports
            .filter(({ target }) => target.startsWith('src/board/') && !FEATURELESS.test(target))
            .map(({ line, target }) => `${path}:${line} imports ${target}`),
        ),
    broken: {
      files: {
        'src/board/http/page.ts': "import { countOpen } from '../alerts/index.ts'",
        'src/board/ui/layout.ts': "import { admit } from '../http/admit.ts'\nimport { features } from '../features.ts'",
      },
      finds: [
        'src/board/http/page.ts:1 imports src/board/alerts/index.ts',
        'src/board/ui/layout.ts:2 imports src/board/features.ts',
      ],
    },
  },
  {
    name: 'bullmq is imported only by the queues and their page, pg only by db',
    check: (project) =>
      shipped(project).flatMap(({ path, imports }) =>
        imports
          .filter(({ ours, target }) => !ours && KEPT_PACKAGES[target]?.(path) === false)
          .map(({ line, target }) => `${path}:${line} imports ${target}`),
      ),
    broken: {
      files: {
        'src/queues/engine.ts': "import { Worker } from 'bullmq'\nimport type { Pool } from 'pg'",
        'src/board/queues/bull-board.ts': "import { Queue } from 'bullmq'",
        'src/board/night.ts': "import type { Job } from 'bullmq/dist/esm/classes/job.js'",
        'src/db/database.ts': "import pg from 'pg'",
      },
      finds: ['src/queues/engine.ts:2 imports pg', 'src/board/night.ts:1 imports bullmq'],
    },
  },
  {
    name: 'what ships imports packages that are installed where it runs',
    check: (project) =>
      shipped(project).flatMap(({ path, imports }) =>
        imports
          .filter(({ ours, typeOnly }) => !ours && !typeOnly)
          .filter(({ target }) => !isInstalledForUse(target, project.files['package.json']))
          .map(({ line, target }) => `${path}:${line} imports ${target}`),
      ),
    broken: {
      files: {
        'package.json': '{ "dependencies": { "zod": "4.0.0" }, "devDependencies": { "exceljs": "4.4.0" } }',
        'src/reports/xlsx.ts':
          "import { z } from 'zod'\nimport { join } from 'node:path'\nimport { Workbook } from 'exceljs'",
      },
      finds: ['src/reports/xlsx.ts:3 imports exceljs'],
    },
  },
  {
    name: 'nothing that ships imports from test, scripts or sample',
    check: (project) =>
      shipped(project).flatMap(({ path, imports }) =>
        imports
          .filter(({ ours, target }) => ours && !target.startsWith('src/'))
          .map(({ line, target }) => `${path}:${line} imports ${target}`),
      ),
    broken: {
      files: { 'src/main/demo.ts': "import { makeSample } from '../../sample/make-sample.ts'" },
      finds: ['src/main/demo.ts:1 imports sample/make-sample.ts'],
    },
  },
]
