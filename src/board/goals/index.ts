import type { Feature } from '../http/feature.ts'
import {
  changeGoalEndpoint,
  createGoalEndpoint,
  deleteGoalEndpoint,
  findGoalEndpoint,
  listGoalsEndpoint,
} from './endpoints.ts'

export const goals: Feature = {
  endpoints: [listGoalsEndpoint, findGoalEndpoint, createGoalEndpoint, changeGoalEndpoint, deleteGoalEndpoint],
  pages: [],
  place: null,
  notices: {},
}
