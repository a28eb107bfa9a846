/** The schema, one step for each version. A step that was released is never changed: the next one changes it. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE network (name TEXT PRIMARY KEY, root TEXT NOT NULL) STRICT;
  CREATE TABLE apps (
    app TEXT PRIMARY KEY, owner TEXT NOT NULL, max_keys INTEGER, created_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE partners (
    app TEXT NOT NULL REFERENCES apps (app), uid TEXT NOT NULL, PRIMARY KEY (app, uid)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE users (uid TEXT PRIMARY KEY, max_keys INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE services (
    uid TEXT NOT NULL, app TEXT NOT NULL REFERENCES apps (app), gotten_at INTEGER NOT NULL, PRIMARY KEY (uid, app)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE secrets (
    id TEXT PRIMARY KEY, hash BLOB NOT NULL, kind TEXT NOT NULL, app TEXT NOT NULL REFERENCES apps (app),
    uid TEXT NOT NULL, block TEXT NOT NULL, resource TEXT, note TEXT, created_at INTEGER NOT NULL, expires_at INTEGER,
    revoked_at INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE certificates (
    id TEXT PRIMARY KEY, peer TEXT NOT NULL, app TEXT NOT NULL, uid TEXT NOT NULL, role TEXT NOT NULL,
    block TEXT NOT NULL, resource TEXT NOT NULL, secret TEXT, issued_at INTEGER NOT NULL, expires_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX certificates_by_user ON certificates (uid, expires_at);
  CREATE INDEX certificates_by_app ON certificates (app, expires_at);
  CREATE TABLE used_requests (id TEXT PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX used_requests_by_end ON used_requests (until);
  CREATE TABLE revocation_list (
    only INTEGER PRIMARY KEY CHECK (only = 1), version INTEGER NOT NULL, issued_at INTEGER NOT NULL,
    revoked TEXT NOT NULL
  ) STRICT;
  CREATE TABLE bars (
    kind TEXT NOT NULL, subject TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (kind, subject)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE admin_tokens (
    id TEXT PRIMARY KEY, hash BLOB NOT NULL, created_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, actor TEXT NOT NULL, source TEXT NOT NULL,
    action TEXT NOT NULL, outcome TEXT NOT NULL, detail TEXT NOT NULL
  ) STRICT;
  CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE (ABORT, 'the audit log only grows'); END;
  CREATE TRIGGER audit_is_not_cut BEFORE DELETE ON audit BEGIN SELECT RAISE (ABORT, 'the audit log only grows'); END;
  `,
  `
  CREATE TABLE revocations (
    subject TEXT PRIMARY KEY, before INTEGER NOT NULL, until INTEGER NOT NULL, version INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX revocations_by_version ON revocations (version);
  CREATE INDEX revocations_by_end ON revocations (until);
  CREATE INDEX revocations_by_time ON revocations (before);
  CREATE TABLE revocation_texts (
    version INTEGER PRIMARY KEY, since INTEGER NOT NULL, token TEXT NOT NULL, signer TEXT NOT NULL
  ) STRICT;
  INSERT INTO revocations (subject, before, until, version)
    SELECT key, value, value + 31622400, version FROM revocation_list, json_each(revoked);
  ALTER TABLE revocation_list DROP COLUMN revoked;
  `,
  `
  CREATE TABLE root_sets (version INTEGER PRIMARY KEY, token TEXT NOT NULL) STRICT;
  `
]
