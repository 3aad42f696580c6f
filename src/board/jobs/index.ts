import type { Feature } from '../http/feature.ts'
import { everywhere } from '../ui/place.ts'
import { listJobs, startRun } from './endpoints.ts'
import { jobsPage, runJobForm } from './page.ts'

export const jobs: Feature = {
  endpoints: [listJobs, startRun],
  pages: [jobsPage, runJobForm],
  place: {
    href: '/jobs',
    label: 'Jobs',
    icon: 'job',
    role: 'viewer',
    scope: 'client',
    isHere: everywhere,
    count: null,
  },
  notices: {},
}
