import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import express, { type Express } from 'express'

const FOLDER = join(import.meta.dirname, 'assets')
const FONT_FOLDER = join(dirname(fileURLToPath(import.meta.resolve('@fontsource/noto-sans/400.css'))), 'files')
const FONT_WEIGHTS = [400, 600]
const YEAR_S = 31_536_000

/** Read when the module is, so that a missing one stops the start. */
const assets = new Map(
  [
    ['board.css', 'text/css', read('board.css')],
    ['board.js', 'text/javascript', read('board.js')],
    ['daybreak.svg', 'image/svg+xml', read('daybreak.svg')],
    ['queues.css', 'text/css', read('queues.css')],
    ['fonts.css', 'text/css', fontStyles()],
  ].map(([name = '', type = '', text = '']) => [name, { type, text, version: hashOf(text) }]),
)

/** The address of an asset, which changes with its content, so that browsers may keep it for ever. */
export function assetPath(name: string): string {
  const asset = assets.get(name)
  if (!asset) throw new Error(`there is no asset ${name}`)
  return `/assets/${asset.version}/${name}`
}

/** Serves styles, script, icon and fonts: to everybody, for there is nothing of anybody in them. */
export function mountAssets(app: Express): void {
  app.use('/assets/fonts', express.static(FONT_FOLDER, { maxAge: YEAR_S * 1000, immutable: true, index: false }))
  app.get('/assets/:version/:name', (request, response, next) => {
    const asset = assets.get(request.params.name)
    if (!asset) return next()
    // An older page may ask for a version that is gone: it gets today's, for today.
    const maxAge = request.params.version === asset.version ? `max-age=${YEAR_S}, immutable` : 'no-cache'
    response.set('Cache-Control', `public, ${maxAge}`).type(asset.type).send(asset.text)
  })
}

function read(name: string): string {
  return readFileSync(join(FOLDER, name), 'utf8')
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}

/** Noto Sans as npm ships it, by script, so that a browser loads what a page needs. */
function fontStyles(): string {
  const sheets = FONT_WEIGHTS.map((weight) =>
    readFileSync(fileURLToPath(import.meta.resolve(`@fontsource/noto-sans/${weight}.css`)), 'utf8'),
  )
  return sheets.join('\n').replaceAll('./files/', '/assets/fonts/')
}
