import sax from 'sax'

/** What an XML document says, in its order; names come without their prefix. */
export type XmlHandlers = {
  open?(name: string, attributes: Readonly<Record<string, string>>): void
  text?(text: string): void
  close?(name: string): void
}

export type XmlReader = { write(text: string): void; end(): void }

/** Reads XML piece by piece. Throws for what is not well-formed, and for a DOCTYPE, which no workbook has. */
export function createXmlReader({ open, text, close }: XmlHandlers): XmlReader {
  const parser = sax.parser(true, { strictEntities: true, position: false } as sax.SAXOptions)
  Object.assign(parser, {
    onerror(error: Error) {
      throw new Error(error.message.split('\n')[0])
    },
    ondoctype() {
      throw new Error('it has a DOCTYPE')
    },
    ...(open && { onopentag: ({ name, attributes }: sax.Tag) => open(localName(name), attributes) }),
    ...(text && { ontext: text, oncdata: text }),
    ...(close && { onclosetag: (name: string) => close(localName(name)) }),
  })
  return { write: (piece) => void parser.write(piece), end: () => void parser.close() }
}

function localName(name: string): string {
  const colon = name.indexOf(':')
  return colon === -1 ? name : name.slice(colon + 1)
}
