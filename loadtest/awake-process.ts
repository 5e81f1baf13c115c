/** The process behind `awake-cores.ts`: has always something to do, and ends when its parent, whose id it is given, has ended. */
const LOOK_EVERY = 1e7

const parent = Number(process.argv[2])
for (let i = 1; i % LOOK_EVERY !== 0 || process.ppid === parent; i = (i % LOOK_EVERY) + 1);
