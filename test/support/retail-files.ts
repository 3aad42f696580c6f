/** The two published files in ../shared/data, for tests that run where that folder is present. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = join(import.meta.dirname, '../../../shared/data')

export const phoneNowPath = join(FOLDER, 'phonenow-calls-2021q1.csv')
export const onlineRetailPath = join(FOLDER, 'online-retail-invoices-2010-12_2011-12.csv')

export const hasRetailFiles = existsSync(phoneNowPath) && existsSync(onlineRetailPath)
