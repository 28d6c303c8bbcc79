-- Version 1 of the store. Never edited: what changes later is a step in migrations.py.
-- Money is TEXT (a decimal, exact), a time is TEXT (ISO 8601, UTC, six digits of a second),
-- so that both compare and survive as they were written. `seq` is the order of arrival.

-- Which step was taken when, and by which version of the program.
CREATE TABLE migrations (
    version    INTEGER PRIMARY KEY,
    program    TEXT NOT NULL,
    applied_at TEXT NOT NULL
);

-- One row: which store this is, and how often it was changed. A plan says which state it saw.
CREATE TABLE store (
    id      TEXT NOT NULL,
    changes INTEGER NOT NULL
);
INSERT INTO store VALUES (lower(hex(randomblob(8))), 0);

CREATE TABLE runs (
    seq             INTEGER PRIMARY KEY,
    id              TEXT NOT NULL UNIQUE,
    manifest        TEXT NOT NULL,
    manifest_sha256 TEXT NOT NULL,
    prices_date     TEXT NOT NULL,
    budget_usd      TEXT,
    started_at      TEXT NOT NULL,
    ended_at        TEXT,
    outcome         TEXT NOT NULL DEFAULT ''
);

-- One try at one shot. The checks hold what money hangs on:
--   an open attempt keeps its money (released money could be spent again);
--   a final one has settled it, or a budget would be blocked for ever;
--   from SUBMITTED on the job id is known, or the clip could not be fetched.
CREATE TABLE attempts (
    seq            INTEGER PRIMARY KEY,
    id             TEXT NOT NULL UNIQUE,
    run_id         TEXT NOT NULL,
    shot_id        TEXT NOT NULL,
    fingerprint    TEXT NOT NULL,
    number         INTEGER NOT NULL CHECK (number >= 1),
    state          TEXT NOT NULL CHECK (state IN
                       ('submitting', 'submitted', 'rendered', 'held', 'done', 'failed', 'cancelled')),
    provider       TEXT NOT NULL,
    base_url       TEXT NOT NULL,  -- from inputs; job ids are only unique on one server
    model          TEXT NOT NULL,
    seconds        TEXT NOT NULL,  -- from inputs, for the medians
    money          TEXT NOT NULL CHECK (money IN
                       ('reserved', 'spent', 'released', 'held', 'uncertain')),
    price_usd      TEXT,
    spent_usd      TEXT,
    job_id         TEXT,
    failure        TEXT,           -- JSON: kind, message, server_words, stage
    note           TEXT NOT NULL,
    forgiven       INTEGER NOT NULL DEFAULT 0 CHECK (forgiven IN (0, 1)),
    forgiven_at    TEXT,
    inputs         TEXT NOT NULL,  -- JSON
    request_sha256 TEXT NOT NULL,
    created_at     TEXT NOT NULL,
    submitted_at   TEXT,
    rendered_at    TEXT,
    ended_at       TEXT,
    render_s       REAL,           -- from submitted_at to rendered_at, for the medians
    CONSTRAINT an_open_attempt_keeps_its_money
        CHECK (state IN ('done', 'failed', 'cancelled') OR money <> 'released'),
    CONSTRAINT a_final_attempt_has_settled_its_money
        CHECK (state NOT IN ('done', 'failed', 'cancelled') OR money NOT IN ('reserved', 'held')),
    CONSTRAINT a_clip_that_is_there_was_paid
        CHECK (state <> 'done' OR money = 'spent'),
    CONSTRAINT a_submitted_attempt_has_its_job_id
        CHECK (state NOT IN ('submitted', 'rendered', 'done') OR job_id IS NOT NULL),
    CONSTRAINT a_failed_attempt_says_why
        CHECK (state <> 'failed' OR failure IS NOT NULL)
);

-- Nobody orders a clip while an order of the same clip may still be alive.
CREATE UNIQUE INDEX one_open_attempt ON attempts (shot_id, fingerprint)
    WHERE state NOT IN ('done', 'failed', 'cancelled');

-- One job is the answer to one attempt: two that wait for it would share a clip and double a bill.
-- Only among the open ones: a self-hosted server that was set up anew counts its ids from 1 again.
CREATE UNIQUE INDEX one_open_attempt_per_job ON attempts (provider, base_url, job_id)
    WHERE job_id IS NOT NULL AND state NOT IN ('done', 'failed', 'cancelled');

CREATE INDEX attempts_by_shot ON attempts (shot_id);
CREATE INDEX attempts_failed ON attempts (fingerprint) WHERE state = 'failed' AND forgiven = 0;

CREATE TRIGGER a_job_id_is_never_replaced BEFORE UPDATE OF job_id ON attempts
    WHEN old.job_id IS NOT NULL AND new.job_id IS NOT old.job_id
    BEGIN SELECT RAISE(ABORT, 'the job id is the one create answered with and is never replaced'); END;

CREATE TRIGGER a_final_state_is_final BEFORE UPDATE OF state ON attempts
    WHEN old.state IN ('done', 'failed', 'cancelled') AND new.state <> old.state
    BEGIN SELECT RAISE(ABORT, 'nothing changes a final state'); END;

CREATE TRIGGER an_attempt_is_submitted_once BEFORE UPDATE OF state ON attempts
    WHEN new.state = 'submitting' AND old.state <> 'submitting'
    BEGIN SELECT RAISE(ABORT, 'an attempt is one order; another order is another attempt'); END;

CREATE TRIGGER an_attempt_is_one_shots BEFORE UPDATE OF id, shot_id, fingerprint ON attempts
    WHEN new.id <> old.id OR new.shot_id <> old.shot_id OR new.fingerprint <> old.fingerprint
    BEGIN SELECT RAISE(ABORT, 'an attempt belongs to one shot and its inputs'); END;

CREATE TRIGGER no_attempt_is_forgotten BEFORE DELETE ON attempts
    BEGIN SELECT RAISE(ABORT, 'an attempt may have been paid for and is never deleted'); END;

CREATE TABLE clips (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    fingerprint TEXT NOT NULL,
    shot_id     TEXT NOT NULL,
    attempt_id  TEXT,
    job_id      TEXT,
    provider    TEXT NOT NULL,
    sha256      TEXT NOT NULL,
    bytes       INTEGER NOT NULL,
    mtime_ns    INTEGER NOT NULL,
    width       INTEGER NOT NULL,
    height      INTEGER NOT NULL,
    seconds     TEXT NOT NULL,
    fps         TEXT NOT NULL,
    has_audio   INTEGER NOT NULL CHECK (has_audio IN (0, 1)),
    origin      TEXT NOT NULL,
    made_at     TEXT NOT NULL,
    inputs      TEXT NOT NULL,     -- JSON, for explain
    spent_usd   TEXT,
    differs     TEXT NOT NULL,
    UNIQUE (fingerprint, shot_id)
);

CREATE INDEX clips_by_shot ON clips (shot_id);

CREATE TABLE pins (
    url    TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL
) WITHOUT ROWID;
