/** Where the printer leaves its mark: an anchor after the last line of the page. */
export const END_MARK = 'daybreak-end'

/**
 * Refuses a PDF that is cut short, and says how many pages a whole one has. Reads only what Chromium leaves
 * uncompressed: the page tree and the named destinations, of which the mark after the last line must lie on the last
 * page.
 */
export function assertWholePdf(pdf: Buffer, title: string): { pages: number } {
  const text = pdf.toString('latin1')
  const broken = (what: string) => new Error(`The PDF of ${title} is broken: ${what}. Render it again.`)
  if (!text.startsWith('%PDF-')) throw broken('it does not begin as a PDF')
  if (!text.trimEnd().endsWith('%%EOF')) throw broken('it ends too early')
  const pages = pagesOf(text)
  if (pages.length === 0) throw broken('it has no pages')
  const marked = new RegExp(`/${END_MARK} \\[(\\d+) 0 R`).exec(text)?.[1]
  if (marked === undefined) throw broken('its last line is missing')
  if (marked !== pages.at(-1)) throw broken('its last line is not on its last page')
  return { pages: pages.length }
}

/** Object numbers of the pages, in order. */
function pagesOf(text: string): string[] {
  const root = /\/Type \/Catalog\s+\/Pages (\d+) 0 R/.exec(text)?.[1]
  const kids = new Map(
    [...text.matchAll(/(?<=\n)(\d+) 0 obj\n<<\/Type \/Pages\b[^>]*?\/Kids \[([^\]]*)\]/g)].map(nodeOf),
  )
  const pages: string[] = []
  const open = root === undefined ? [] : [root]
  for (let visited = 0; open.length > 0 && visited < 1_000_000; visited += 1) {
    const node = open.pop() as string
    const below = kids.get(node)
    if (below === undefined) pages.push(node)
    else open.push(...below.toReversed())
  }
  return pages
}

function nodeOf([, number = '', list = '']: RegExpExecArray): [string, string[]] {
  return [number, [...list.matchAll(/(\d+) 0 R/g)].map(([, kid = '']) => kid)]
}
