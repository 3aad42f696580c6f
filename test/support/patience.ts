/** How long a test waits for what must happen. It is for what hangs: no test fails because the machine is slow. */
export const PATIENCE = { timeout: 90_000, interval: 25 }
