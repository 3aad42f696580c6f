import type { Feature } from '../http/feature.ts'
import { signInForm, signInPage, signOutForm } from './pages.ts'

export const signIn: Feature = {
  endpoints: [],
  pages: [signInPage, signInForm, signOutForm],
  place: null,
  notices: { 'signed-out': 'You are signed out.' },
}
