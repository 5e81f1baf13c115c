/** The name of the file in the state directory. */
export const STATE_FILE = 'understudy.sqlite'

/** Raised when what is written means something else than before: files of another version are moved aside. */
export const SCHEMA_VERSION = 1
/** `USTY`: tells our files from those of other programs. */
export const APPLICATION_ID = 0x55535459

/**
 * Values are JSON with their checksum (see checked-text.ts): a bit that fell over is found where it is read. `plan` is
 * apart from `state` because it never changes, and the state does every second.
 */
export const SCHEMA = `
  CREATE TABLE experiments (
    id TEXT NOT NULL PRIMARY KEY,
    plan TEXT NOT NULL,
    plan_checksum INTEGER NOT NULL,
    state TEXT NOT NULL,
    state_checksum INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE means (
    experiment TEXT NOT NULL,
    gate TEXT NOT NULL,
    number INTEGER NOT NULL,
    mean REAL NOT NULL,
    PRIMARY KEY (experiment, gate, number)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE windows (
    experiment TEXT NOT NULL,
    second INTEGER NOT NULL,
    origin TEXT NOT NULL,
    text TEXT NOT NULL,
    checksum INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX windows_by_key ON windows (experiment, second, origin);
  CREATE TABLE documents (
    name TEXT NOT NULL PRIMARY KEY,
    text TEXT NOT NULL,
    checksum INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    text TEXT NOT NULL,
    checksum INTEGER NOT NULL
  ) STRICT;
`
