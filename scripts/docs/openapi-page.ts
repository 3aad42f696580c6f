import { openApiDocument } from '../../src/board/docs/index.ts'
import { endpoints } from '../../src/board/features.ts'
import { version } from '../../src/main/version.ts'

export function openApiPage(): string {
  return `${JSON.stringify(openApiDocument(endpoints, version), null, 2)}\n`
}
