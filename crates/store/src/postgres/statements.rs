//! What the database is asked.

macro_rules! clock {
    () => {
        "floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
    };
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, version, owner, expires_at, changed_at, value FROM doorward_records WHERE kind = $1
             AND (expires_at IS NULL OR expires_at > $2) AND ",
            $rest
        )
    };
}

/// Writes records and returns their new versions, in the order that is given. Each is locked by that, whether it was there
/// or not. A new one, and one in the place of an expired one, has version 1.
pub(super) const PUT: &str = concat!(
    "INSERT INTO doorward_records AS old (kind, id, version, owner, expires_at, changed_at, value)
     SELECT kind, id, 1, owner, expires_at, ",
    clock!(),
    ", value FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[])
         WITH ORDINALITY AS new (kind, id, owner, expires_at, value, place) ORDER BY place
     ON CONFLICT (kind, id) DO UPDATE SET owner = EXCLUDED.owner, expires_at = EXCLUDED.expires_at,
         value = EXCLUDED.value, changed_at = ",
    clock!(),
    ", version = CASE WHEN old.expires_at <= $6 THEN 1 ELSE old.version + 1 END RETURNING version"
);

pub(super) const DELETE: &str = "DELETE FROM doorward_records WHERE (kind, id) IN
    (SELECT * FROM unnest($1::text[], $2::text[]))";

/// Deletes records that have expired. Rows that a commit or another gateway holds are left to it.
pub(super) const DELETE_EXPIRED: &str =
    "DELETE FROM doorward_records WHERE (kind, id) IN (SELECT kind, id FROM doorward_records
    WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)
    RETURNING 1";

pub(super) const CLOCK: &str = concat!("SELECT ", clock!());

pub(super) const GET: &str = select!("id = $3");

pub(super) const LIST: &str = select!("id > $3 ORDER BY id LIMIT $4");

pub(super) const OWNED: &str = select!("owner = $3 ORDER BY id LIMIT $4");

pub(super) const CHANGED: &str = select!("changed_at >= $3 ORDER BY changed_at, id");
