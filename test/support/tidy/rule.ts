import { globSync, readFileSync, statSync } from 'node:fs'
import { join, sep } from 'node:path'
import { readSource, type SourceFile } from './source-file.ts'

/** Texts by path from the project's root. */
export type Files = Record<string, string>

export type Project = { files: Files; sources: SourceFile[] }

export type Rule = {
  /** The rule as a sentence. */
  name: string
  /** What breaks the rule, a line each: where and what. Empty: nothing does. */
  check(project: Project): string[] | Promise<string[]>
  /** A tiny project that breaks the rule, and what must be found in it: proof that the rule can fail. */
  broken: { files: Files; finds: string[] }
}

const ROOT = join(import.meta.dirname, '../../..')

const TEXTS =
  '{.ci/*,sample/**,scripts/**,src/**,test/**,docs/**,Dockerfile,*.{json,yaml,md,ts},.*.json,.npmrc,.gitignore,.dockerignore}'
const NOT_TEXT = /\.(png|jpe?g|webp|pdf|xlsx|woff2?|ico)$/
/** Written by a generator, not by hand. */
const GENERATED_SOURCES = new Set(['src/db/schema.ts'])

/** Everything of ours on disk; installed and generated folders are not. */
export function readFiles(): Files {
  const files: Files = {}
  for (const found of globSync(TEXTS, { cwd: ROOT })) {
    const path = found.replaceAll(sep, '/')
    if (NOT_TEXT.test(path) || !statSync(join(ROOT, path)).isFile()) continue
    files[path] = readFileSync(join(ROOT, path), 'utf8')
  }
  return files
}

export function openProject(files: Files): Project {
  const written = Object.keys(files).filter((path) => path.endsWith('.ts') && !GENERATED_SOURCES.has(path))
  return { files, sources: written.map((path) => readSource(path, files[path] ?? '')) }
}

export function isTest(path: string): boolean {
  return path.endsWith('.test.ts') || path.startsWith('test/')
}
