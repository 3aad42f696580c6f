import type { Feature } from '../http/feature.ts'
import { everywhere } from '../ui/place.ts'
import {
  downloadRejects,
  findImportEndpoint,
  importInEarnestEndpoint,
  listImportsEndpoint,
  startImportEndpoint,
} from './endpoints.ts'
import { newImportPage, startImportForm } from './new-page.ts'
import { importInEarnestForm, importPage, importsPage } from './pages.ts'

export const imports: Feature = {
  endpoints: [startImportEndpoint, listImportsEndpoint, findImportEndpoint, importInEarnestEndpoint, downloadRejects],
  pages: [importsPage, newImportPage, startImportForm, importPage, importInEarnestForm],
  place: {
    href: '/imports',
    label: 'Imports',
    icon: 'download',
    role: 'operator',
    scope: 'client',
    isHere: everywhere,
    count: null,
  },
  notices: {
    'import-started': 'The file was taken. Here is what becomes of it.',
    'import-known': 'The file was imported already, or is in progress: here it is.',
  },
}
