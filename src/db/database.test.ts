import { expectTypeOf, test } from 'vitest'
import type {
  AnyDatabase,
  AnyTransaction,
  ClientDatabase,
  ClientTransaction,
  Database,
  SystemDatabase,
  SystemTransaction,
} from './database.ts'

// What is stated here holds when it compiles: `npm run types` fails when it does not.
test('work for one client cannot be handed the handle that sees all of them, nor a transaction of it', () => {
  expectTypeOf<SystemDatabase>().not.toExtend<ClientDatabase>()
  expectTypeOf<SystemTransaction>().not.toExtend<ClientTransaction>()
  expectTypeOf<SystemTransaction>().not.toExtend<ClientDatabase>()
  expectTypeOf<AnyDatabase>().not.toExtend<ClientDatabase>()
  expectTypeOf<AnyTransaction>().not.toExtend<ClientTransaction>()
  expectTypeOf<ClientDatabase>().not.toExtend<SystemDatabase>()
  expectTypeOf<ReturnType<Database['forClient']>>().toEqualTypeOf<ClientDatabase>()
  expectTypeOf<ClientTransaction>().toExtend<ClientDatabase>()
  expectTypeOf<ClientDatabase>().toExtend<AnyDatabase>()
})
