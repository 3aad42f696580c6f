import type { Feature } from '../http/feature.ts'
import { everywhere } from '../ui/place.ts'
import { editScheduleForm, editSchedulePage } from './edit-page.ts'
import { changeScheduleEndpoint, listSchedulesEndpoint } from './endpoints.ts'
import { asDeclaredForm, pauseForm, resumeForm, schedulePage } from './schedule-page.ts'
import { schedulesPage } from './schedules-page.ts'

export { cronText, nextFires, zoneName } from './endpoints.ts'
export { type Fire, firesByJob } from './read-schedules.ts'
export { zonedFireList } from './schedule-words.ts'

export const schedules: Feature = {
  endpoints: [listSchedulesEndpoint, changeScheduleEndpoint],
  pages: [schedulesPage, schedulePage, editSchedulePage, editScheduleForm, pauseForm, resumeForm, asDeclaredForm],
  place: {
    href: '/schedules',
    label: 'Schedules',
    icon: 'schedule',
    role: 'viewer',
    scope: 'client',
    isHere: everywhere,
    count: null,
  },
  notices: {
    paused: 'Paused. What falls due until then is left out.',
    resumed: 'It goes on. What fell due meanwhile stays left out.',
    'schedule-changed': 'Changed. The new times count from now on.',
    'as-declared': 'It is as declared again.',
  },
}
