import { posix } from 'node:path'
import { type Node, parseSync, Visitor, type VisitorObject } from 'oxc-parser'

export type Import = {
  line: number
  /** The path of a file of ours, or the name of a package. */
  target: string
  ours: boolean
  typeOnly: boolean
}

/** A function with a body in braces, except the callback of a `describe`, which only holds others. */
export type Body = { line: number; lines: number }

/**
 * A template literal, with its text between the holes joined by `?`; `tag` is the function it is handed to, by name.
 */
export type Template = { line: number; text: string; tag: string | null }

/** What the rules need to know of one TypeScript file. */
export type SourceFile = {
  path: string
  imports: Import[]
  bodies: Body[]
  templates: Template[]
  /** Lines that ask the machine for the time, with what they ask. */
  clockReads: { line: number; what: string }[]
  /** Lines that read `process.env`. */
  environmentReads: number[]
  /** Classes and what they extend. */
  classes: { line: number; name: string; parent: string | null }[]
}

/** Reads a file with a real parser; throws where it does not parse. */
export function readSource(path: string, text: string): SourceFile {
  const parsed = parseSync(path, text)
  if (parsed.errors.length > 0) throw new Error(`${path} does not parse: ${parsed.errors[0]?.message}`)
  const lineAt = lineFinder(text)
  const { staticImports, staticExports, dynamicImports } = parsed.module
  const imports = [
    ...staticImports.map((statement) => ({ ...statement, target: statement.moduleRequest.value })),
    ...staticExports.flatMap((statement) => {
      const target = statement.entries[0]?.moduleRequest?.value
      return target === undefined ? [] : [{ ...statement, target }]
    }),
    ...dynamicImports.flatMap(({ start, end, moduleRequest }) => {
      const target = /^['"`](.*)['"`]$/.exec(text.slice(moduleRequest.start, moduleRequest.end))?.[1]
      return target === undefined ? [] : [{ start, end, target }]
    }),
  ].map(({ start, end, target }) => ({
    line: lineAt(start),
    target: target.startsWith('.') ? posix.join(posix.dirname(path), target) : packageOf(target),
    ours: target.startsWith('.'),
    typeOnly: /^(import|export) type\b/.test(text.slice(start, end)),
  }))
  return { path, imports, ...walk(parsed.program, lineAt) }
}

/** The package a specifier belongs to: `@scope/name/deep` is `@scope/name`. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

type Found = Omit<SourceFile, 'path' | 'imports'>
type LineAt = (offset: number) => number
type Span = { start: number; end: number }

function walk(program: Parameters<Visitor['visit']>[0], lineAt: LineAt): Found {
  const found: Found = { bodies: [], templates: [], clockReads: [], environmentReads: [], classes: [] }
  const holders = new Set<unknown>()
  const tags = new Map<unknown, string>()
  const body = (node: Span & { body: unknown }) => {
    const isBlock = (node.body as { type?: string } | null)?.type === 'BlockStatement'
    if (isBlock && !holders.has(node)) found.bodies.push({ line: lineAt(node.start), lines: linesOf(node, lineAt) })
  }
  const visitors: VisitorObject = {
    CallExpression(node) {
      // `describe(name, …)` and `describe.each(rows)(name, …)`.
      const callee = node.callee.type === 'CallExpression' ? node.callee.callee : node.callee
      if (nameOf(callee).split('.')[0] === 'describe') for (const argument of node.arguments) holders.add(argument)
    },
    FunctionDeclaration: body,
    FunctionExpression: body,
    ArrowFunctionExpression: body,
    TaggedTemplateExpression(node) {
      tags.set(node.quasi, nameOf(node.tag))
    },
    TemplateLiteral(node) {
      const text = node.quasis.map((quasi) => quasi.value.cooked ?? quasi.value.raw).join('?')
      found.templates.push({ line: lineAt(node.start), text, tag: tags.get(node) ?? null })
    },
    MemberExpression(node) {
      const name = nameOf(node)
      if (name === 'process.env') found.environmentReads.push(lineAt(node.start))
      if (name === 'Temporal.Now' || name === 'Date.now')
        found.clockReads.push({ line: lineAt(node.start), what: name })
    },
    NewExpression(node) {
      const asksNow = nameOf(node.callee) === 'Date' && node.arguments.length === 0
      if (asksNow) found.clockReads.push({ line: lineAt(node.start), what: 'new Date()' })
    },
    ClassDeclaration(node) {
      const parent = node.superClass === null ? null : nameOf(node.superClass)
      found.classes.push({ line: lineAt(node.start), name: node.id?.name ?? '', parent })
    },
  }
  new Visitor(visitors).visit(program)
  return found
}

/** `a.b.c` for a chain of plain names, '' for anything else. */
function nameOf(node: Node): string {
  if (node.type === 'Identifier') return node.name
  if (node.type === 'MemberExpression' && !node.computed && node.property.type === 'Identifier') {
    const object = nameOf(node.object)
    return object === '' ? '' : `${object}.${node.property.name}`
  }
  return ''
}

function linesOf(node: Span, lineAt: LineAt): number {
  return lineAt(node.end) - lineAt(node.start) + 1
}

function lineFinder(text: string): LineAt {
  const ends = [...text.matchAll(/\n/g)].map((match) => match.index)
  return (offset) => {
    let low = 0
    let high = ends.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((ends[middle] ?? 0) < offset) low = middle + 1
      else high = middle
    }
    return low + 1
  }
}
