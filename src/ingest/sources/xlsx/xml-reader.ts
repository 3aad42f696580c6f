import sax from 'sax'

/** What an XML document says, in its order; names come without their prefix. */
export type XmlHandlers = {
  open?(name: string, attributes: Readonly<Record<string, string>>): void
  text?(text: string): void
  close?(name: string): void
}

/** A part of a workbook beyond what any has. Its words are our own: nothing of the file is in them. */
export class LimitError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'LimitError'
  }
}

export type XmlReader = { write(text: string): void; end(): void }

/** Elements in each other; a sheet has some six. */
const DEPTH_MAX = 64
/** A row has some ten. */
const ATTRIBUTES_MAX = 100
/** Characters of a name, a value, a comment: anything but text, which is handed on as it comes. */
const PART_MAX = 1 << 16

/** What sax gathers until its end; with `position: false` it sets itself no limit. */
const GATHERED = [
  'attribName',
  'attribValue',
  'comment',
  'doctype',
  'entity',
  'procInstBody',
  'procInstName',
  'sgmlDecl',
  'tagName',
] as const
type Parser = sax.SAXParser & Record<(typeof GATHERED)[number], string>

/**
 * Reads XML piece by piece. Throws for what is not well-formed, for a DOCTYPE, which no workbook has, and for what
 * would fill the memory: elements, attributes, names and values beyond what any workbook has. Text comes in as many
 * pieces as it is written in.
 */
export function createXmlReader({ open, text, close }: XmlHandlers): XmlReader {
  const parser = sax.parser(true, { strictEntities: true, position: false } as sax.SAXOptions) as Parser
  let depth = 0
  let attributeCount = 0
  Object.assign(parser, {
    onerror(error: Error) {
      throw new Error(error.message.split('\n')[0])
    },
    ondoctype() {
      throw new Error('it has a DOCTYPE')
    },
    onopentagstart() {
      depth += 1
      attributeCount = 0
      if (depth > DEPTH_MAX) throw new LimitError(`it has more than ${DEPTH_MAX} elements in each other`)
    },
    onattribute() {
      attributeCount += 1
      if (attributeCount > ATTRIBUTES_MAX)
        throw new LimitError(`it has an element of more than ${ATTRIBUTES_MAX} attributes`)
    },
    ...(open && { onopentag: ({ name, attributes }: sax.Tag) => open(localName(name), attributes) }),
    ...(text && { ontext: text, oncdata: text }),
    onclosetag(name: string) {
      depth -= 1
      close?.(localName(name))
    },
  })
  return {
    write(piece) {
      parser.write(piece)
      if (GATHERED.some((part) => parser[part].length > PART_MAX)) {
        throw new LimitError(`it has a name, value or comment of more than ${PART_MAX} characters`)
      }
      parser.flush()
    },
    end: () => void parser.close(),
  }
}

function localName(name: string): string {
  const colon = name.indexOf(':')
  return colon === -1 ? name : name.slice(colon + 1)
}
