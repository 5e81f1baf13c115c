/** The process behind `awake-cores.ts`: has always something to do, and ends with its parent. */
const LOOK_EVERY = 1e7

const parent = process.ppid
for (let i = 1; i % LOOK_EVERY !== 0 || process.ppid === parent; i = (i % LOOK_EVERY) + 1);
