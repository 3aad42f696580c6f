import { generatedDocs } from '../../../scripts/docs/generated-docs.ts'
import type { Files, Rule } from './rule.ts'

const EXACT_VERSION = /^\d+\.\d+\.\d+(-[0-9a-z.-]+)?$/

/** Folders that exist on somebody's machine only. */
const MACHINE_PATH = /(?<![\w.~-])\/(work|root|home|Users)\/[\w.-]+/g

/** In pieces, so that this file does not break its own rule. */
const SOMEBODYS = ['', 'home', 'jo'].join('/')

type Manifest = { dependencies?: Record<string, string>; devDependencies?: Record<string, string> }

function dependenciesOf(files: Files): [name: string, version: string][] {
  const { dependencies = {}, devDependencies = {} } = JSON.parse(files['package.json'] ?? '{}') as Manifest
  return Object.entries({ ...dependencies, ...devDependencies })
}

/** Names in the first column of docs/dependencies.md. */
function explainedIn(files: Files): Set<string> {
  const rows = (files['docs/dependencies.md'] ?? '').matchAll(/^\| `([^`]+)` \| .*\S.* \|$/gm)
  return new Set([...rows].map((row) => row[1] ?? ''))
}

export const documentRules: Rule[] = [
  {
    name: 'versions are pinned exactly',
    check: ({ files }) =>
      dependenciesOf(files)
        .filter(([, version]) => !EXACT_VERSION.test(version))
        .map(([name, version]) => `package.json asks for ${name} ${version}`),
    broken: {
      files: {
        'package.json':
          '{ "dependencies": { "zod": "^4.0.0", "pg": "8.1.2-beta.17" }, "devDependencies": { "knip": "latest" } }',
      },
      finds: ['package.json asks for zod ^4.0.0', 'package.json asks for knip latest'],
    },
  },
  {
    name: 'docs/dependencies.md says why for every dependency, and for nothing else',
    check({ files }) {
      const names = new Set(dependenciesOf(files).map(([name]) => name))
      const explained = explainedIn(files)
      return [
        ...[...names].filter((name) => !explained.has(name)).map((name) => `${name} is not explained`),
        ...[...explained].filter((name) => !names.has(name)).map((name) => `${name} is no dependency`),
      ]
    },
    broken: {
      files: {
        'package.json': '{ "dependencies": { "zod": "4.0.0", "pg": "8.1.2" } }',
        'docs/dependencies.md':
          '| package | why |\n|---|---|\n| `zod` | Checks what comes in. |\n| `left-pad` | Pads. |\n',
      },
      finds: ['pg is not explained', 'left-pad is no dependency'],
    },
  },
  {
    name: "no file names a folder of somebody's machine",
    check: ({ files }) =>
      Object.entries(files).flatMap(([path, text]) =>
        text
          .split('\n')
          .flatMap((line, index) =>
            (line.match(MACHINE_PATH) ?? []).map((found) => `${path}:${index + 1} names ${found}`),
          ),
      ),
    broken: {
      files: {
        'src/db/folder.ts': `open('https://example.org/work/item')\nopen('${SOMEBODYS}/data')`,
        'docs/a.md': `see \`${SOMEBODYS}/x\``,
      },
      finds: [`src/db/folder.ts:2 names ${SOMEBODYS}`, `docs/a.md:1 names ${SOMEBODYS}`],
    },
  },
  {
    name: 'generated pages are what `npm run docs` would write now',
    async check({ files }) {
      const current = await Promise.all(generatedDocs.map(async ({ path, render }) => [path, await render()] as const))
      return current
        .filter(([path, text]) => files[path] !== text)
        .map(([path]) => `${path} is out of date: npm run docs`)
    },
    broken: { files: {}, finds: generatedDocs.map(({ path }) => `${path} is out of date: npm run docs`) },
  },
]
